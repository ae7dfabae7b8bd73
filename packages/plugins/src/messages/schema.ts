import { InvalidMessageError, InvalidOptionError } from '@millrace/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** A schema of zod, valibot, arktype, or whatever else speaks Standard Schema 1, whose checks do not await anything. */
export type Schema = StandardSchemaV1

/** Whether a value is a Standard Schema. Some are functions. */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const standard = (value as Partial<Schema>)['~standard']
  return typeof standard?.validate === 'function' && standard.version === 1
}

/**
 * What a schema makes of a value.
 *
 * @param option - whose schema it is, for the error.
 * @param offset - of the frame, for the error.
 * @throws {@link InvalidMessageError} where the value does not fit; {@link InvalidOptionError} where the schema would
 * have to be waited for.
 */
export function validate(schema: Schema, value: unknown, option: string, offset: number | undefined): unknown {
  const result = schema['~standard'].validate(value)
  if ('then' in result) {
    // Nobody waits for it; it must not end the process.
    Promise.resolve(result).catch(() => {})
    throw new InvalidOptionError(option, 'a schema whose checks are synchronous: a stage does not await', schema)
  }
  if (result.issues) throw new InvalidMessageError(result.issues, { offset })
  return result.value
}
