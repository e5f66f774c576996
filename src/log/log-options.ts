/** How a log is opened. */
import { errorOf } from '../base/thrown.ts'
import type { Disk, Random } from '../io/io.ts'
import { DeferredDeletes } from './deferred-deletes.ts'
import type { LogConfig } from './log-config.ts'
import { LogResources } from './log-resources.ts'
import type { SegmentHome } from './segment.ts'

export interface LogOptions {
  readonly disk: Disk
  /** The partition's own directory, which exists. */
  readonly directory: string
  readonly topic: string
  readonly partition: number
  /** Null where only what is on disk says it. */
  readonly topicId: string | null
  readonly config: LogConfig
  readonly nowMs: number
  readonly random: Random
  /** Everything below was flushed, by the checkpoint. */
  readonly recoveryPoint?: number
  readonly logStartOffset?: number
  readonly wasCleanShutdown?: boolean
  readonly producerIdExpirationMs?: number
  /** Shared with the other logs of the node. */
  readonly resources?: LogResources
  readonly deferred?: DeferredDeletes
  readonly onWarning?: (message: string) => void
  /** Called once, when the disk has failed this log. */
  readonly onFailure?: (error: Error) => void
  /** Called before a truncation takes offsets away that a checkpoint may call flushed. */
  readonly onRecoveryPointLowered?: () => void
  /** Makes the name of the log's directory durable; called before anything in it counts as that. */
  readonly syncParent?: () => void
  /** Called when the log was given another config. */
  readonly onConfigChange?: (config: LogConfig) => void
}

/** What the segments of such a log share. */
export function homeOf(options: LogOptions): SegmentHome {
  const fail = (error: unknown): void => options.onFailure?.(errorOf(error))
  return {
    disk: options.disk,
    directory: options.directory,
    config: options.config,
    resources: options.resources ?? new LogResources(),
    deferred: options.deferred ?? new DeferredDeletes(options.disk, fail),
    warn: options.onWarning ?? (() => {}),
  }
}
