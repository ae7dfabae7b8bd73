import type { Load } from './workload.ts'

const tcp = { transport: 'tcp', pace: 'steady', reply: 'same' } as const

/** One small message at a time: what a wake-up costs. */
export const pingPong64B: Load = { ...tcp, connections: 50, window: 1, size: 64 }

/** Many small messages at a time, of which one read takes several. */
export const pipelined64B: Load = { ...tcp, connections: 16, window: 64, size: 64 }

/** Messages of the size of a page of text, several to a read. */
export const pipelined1KiB: Load = { ...tcp, connections: 16, window: 32, size: 1024 }

/** Large messages: what moving the bytes costs. */
export const bulk64KiB: Load = { ...tcp, connections: 8, window: 4, size: 65_536 }

const udp = { transport: 'udp', pace: 'steady', reply: 'same', connections: 8, window: 8 } as const

/** 64 small datagrams in flight, from eight peers. */
export const udp64B: Load = { ...udp, size: 64 }

/** The same of the size that QUIC takes to fit any path. */
export const udp1200B: Load = { ...udp, size: 1200 }
