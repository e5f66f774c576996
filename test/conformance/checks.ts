/** Every check of `npm run conformance`, in the order in which they run. */
import type { Check } from './check.ts'
import { javaTools } from './checks/java-tools.ts'

export const CHECKS: readonly Check[] = [...javaTools]
