/**
 * Names for what only a server knows. The two sides give different member ids, topic ids and
 * producer ids for the same thing; each is called by its kind and the order in which it came up,
 * and since both are asked the same, the same name means the same thing on both.
 */

export type SymbolKind = 'member' | 'topicId' | 'producerId' | 'session'

/** A symbol where it stands for a value in a request. */
export interface SymbolRef {
  readonly $: string
}

export function symbol(name: string): SymbolRef {
  return { $: name }
}

export function isSymbol(value: unknown): value is SymbolRef {
  return typeof value === 'object' && value !== null && '$' in value
}

/** The values of one side. */
export class SideSymbols {
  readonly #names = new Map<string, string>()
  readonly #values = new Map<string, string | number>()
  readonly #counts = new Map<SymbolKind, number>()

  /** The name of a value, which gets one where it has none. */
  nameOf(kind: SymbolKind, value: string | number): string {
    const key = `${kind} ${value}`
    let name = this.#names.get(key)
    if (name === undefined) {
      const count = this.#counts.get(kind) ?? 0
      this.#counts.set(kind, count + 1)
      name = `${kind}:${count}`
      this.#names.set(key, name)
      this.#values.set(name, value)
    }
    return name
  }

  valueOf(name: string): string | number {
    const value = this.#values.get(name)
    if (value === undefined) throw new Error(`no value for ${name}`)
    return value
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** Names of a kind, the newest last. */
  names(kind: SymbolKind): string[] {
    return [...this.#values.keys()].filter((name) => name.startsWith(`${kind}:`))
  }

  /** A text in which values are replaced by their names. */
  inText(text: string): string {
    let named = text
    for (const [name, value] of this.#values) {
      if (typeof value === 'string') named = named.replaceAll(value, name)
    }
    return named
  }
}

/** What both sides have a value for. */
export class Symbols {
  readonly #sides: readonly SideSymbols[]

  constructor(sides: readonly SideSymbols[]) {
    this.#sides = sides
  }

  /** Names of a kind, the newest last. */
  known(kind: SymbolKind): string[] {
    const [first, ...others] = this.#sides
    return first!.names(kind).filter((name) => others.every((side) => side.has(name)))
  }
}
