// tsyringe refuses to load without this polyfill, and an import sorter must not be able to move it: so it is a module of its
// own, imported first by whatever imports tsyringe.
import 'reflect-metadata'
