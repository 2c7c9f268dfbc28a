/** The part of a logger that the service writes with, so that it needs no logging package. */
export interface Logger {
  /** The fields that it adds to each line, such as the trace of a request. */
  bindings?(): object
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}
