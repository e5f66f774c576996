/** Who appends; it decides what is checked. */
export type { AppendOrigin } from '../records/append.ts'
