// A microservice of NestJS over TCP whose one handler answers with what it was given. The decorators are called by hand.
import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { MessagePattern, Transport } from '@nestjs/microservices'
import { announce } from './announce.mjs'

class Calls {
  echo(data) {
    return data
  }
}
MessagePattern('echo')(Calls.prototype, 'echo', Object.getOwnPropertyDescriptor(Calls.prototype, 'echo'))
Controller()(Calls)

class Service {}
Module({ controllers: [Calls] })(Service)

const options = { host: '127.0.0.1', port: 0 }
const service = await NestFactory.createMicroservice(Service, { transport: Transport.TCP, options, logger: ['error'] })
await service.listen()
announce(service.unwrap().address().port)
