/**
 * What the client needs of Standard Schema (version 1, standardschema.dev), which zod, valibot,
 * arktype, effect and others carry: written out here, so that none of them is a dependency.
 */

/** A schema of any library that follows Standard Schema. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (
      value: unknown,
    ) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema answers. */
export type StandardSchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] }

/** One thing that is wrong, and where. */
export interface StandardSchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

type TypesOf<S extends StandardSchema> = NonNullable<S['~standard']['types']>

/** What may be given to a schema. */
export type SchemaInput<S extends StandardSchema> = TypesOf<S>['input']
/** What a schema makes of it. */
export type SchemaOutput<S extends StandardSchema> = TypesOf<S>['output']

/** What `schema` makes of `value`; throws an Error that names each issue with its path. */
export function validated<S extends StandardSchema>(schema: S, value: unknown): SchemaOutput<S> {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    result.catch(() => {}) // what it would have said is said by the error below
    throw new TypeError(
      `a schema of ${schema['~standard'].vendor} validates asynchronously: records are read and ` +
        'written synchronously, so its asynchronous checks belong into the handler',
    )
  }
  if (result.issues === undefined) return result.value
  throw new TypeError(result.issues.map(issueText).join('; '))
}

function issueText({ message, path }: StandardSchemaIssue): string {
  if (path === undefined || path.length === 0) return message
  const names = path.map((part) => String(typeof part === 'object' ? part.key : part))
  return `${names.join('.')}: ${message}`
}
