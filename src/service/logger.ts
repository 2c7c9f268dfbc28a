/** The part of a logger that the service writes with, so that it needs no logging package. */
export interface Logger {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}
