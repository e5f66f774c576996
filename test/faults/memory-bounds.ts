/**
 * The bounds of memory that docs/operations.md states, as the checks measure them. Change both
 * together.
 */

export const MEBIBYTE = 1024 * 1024
const KIBIBYTE = 1024

export const MEMORY = {
  /** A node that has served a little. */
  nodeBytes: 160 * MEBIBYTE,
  /** Garbage that is not collected yet, and what the allocator keeps. */
  slackBytes: 64 * MEBIBYTE,
  /** A connection with nothing under way. */
  connectionBytes: 40 * KIBIBYTE,
  /** Answers that all clients together have not taken. */
  answersBytes: 256 * MEBIBYTE,
  /** Hot tails, indexes, and what reads leave for the next. */
  sharedBytes: (128 + 64 + 16) * MEBIBYTE,
  /** A partition that nobody writes to. */
  partitionBytes: 12 * KIBIBYTE,
  /** One that was written to: open files and indexes come out of what is shared. */
  writtenPartitionBytes: 24 * KIBIBYTE,
  /** A member of a group, besides its connection and its metadata. */
  memberBytes: 8 * KIBIBYTE,
} as const
