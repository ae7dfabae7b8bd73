export { type ErrorCode, MillraceError } from './base.ts'
export {
  BufferOverflowError,
  ConnectError,
  ConnectionAbortedError,
  ConnectionBusyError,
  ConnectionClosedError,
  ConnectionResetError,
  ConnectTimeoutError,
  DatagramTooLargeError,
  DrainTimeoutError,
  HalfCloseUnsupportedError,
  IdleTimeoutError,
  RequestLimitError,
  RequestTimeoutError,
  WriteTimeoutError,
} from './connection-errors.ts'
export {
  CorruptFrameError,
  FrameError,
  type FrameErrorOptions,
  FrameRefusedError,
  FrameTimeoutError,
  FrameTooLongError,
  InvalidMessageError,
  type MessageIssue,
  UnexpectedEndError,
} from './frame-errors.ts'
export { InvalidOptionError } from './invalid-option-error.ts'
export {
  InvalidPipelineError,
  PluginBuildError,
  PluginError,
  type PluginErrorSite,
  type PluginPhase,
  PushLimitError,
  UnknownPluginError,
} from './pipeline-errors.ts'
export { ListenError, ServerBusyError, ServerStateError } from './server-errors.ts'
export { CertificateError, ConnectionTruncatedError, HandshakeTimeoutError, TlsError, UpgradeError, type UpgradeRefusal } from './tls-errors.ts'
