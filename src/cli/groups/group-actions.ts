/** Which action of `millrace groups` a command line asks for. */
import type { Admin } from '../../client/admin/admin.ts'
import type { GroupsRun } from './groups.ts'

/** Runs it; what did not work is said or thrown. */
export async function runAction(admin: Admin, run: GroupsRun): Promise<void> {
  const { flags } = run
  if (flags.has('list')) return (await import('./list-groups.ts')).listGroups(admin, run)
  if (flags.has('describe')) {
    return (await import('./describe-groups.ts')).describeGroups(admin, run)
  }
  if (flags.has('reset-offsets')) {
    return (await import('./reset-offsets.ts')).resetOffsets(admin, run)
  }
  const deletions = await import('./delete-groups.ts')
  if (flags.has('delete')) return deletions.deleteGroups(admin, run)
  return deletions.deleteOffsets(admin, run)
}
