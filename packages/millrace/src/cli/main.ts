#!/usr/bin/env node
import { run } from './run.ts'

// Ends the process even if an imported plugin has left a timer or a socket behind.
void run(process.argv.slice(2)).then((code) => process.exit(code))
