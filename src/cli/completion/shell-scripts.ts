/**
 * The scripts that bash, zsh and fish complete `millrace` and Kafka's names with.
 *
 * Invariant: a script asks `millrace completion names` for what only a broker knows, with the flags
 * that are on the line, and offers nothing where it does not answer soon.
 */
import type { CompletionModel, Following, OfferedCommand } from './completion-model.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The script for a shell. */
export function completionScript(shell: Shell, model: CompletionModel): string {
  if (shell === 'bash') return bash(model)
  return shell === 'zsh' ? zsh(model) : fish(model)
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** What a flag is followed by, as a word of the scripts. */
function code(following: Following): string | null {
  if (following.kind === 'nothing') return null
  if (following.kind === 'words') return `words:${following.words.join(' ')}`
  return following.kind === 'names' ? `names:${following.of}` : following.kind
}

/** Cases of a `case` that print something for each command. */
function cases(
  commands: readonly OfferedCommand[],
  of: (command: OfferedCommand) => readonly string[],
): string {
  return commands
    .map((command) => ({ path: command.path, lines: of(command) }))
    .filter(({ lines }) => lines.length > 0)
    .map(({ path, lines }) => `    ${quoted(path)}) ${lines.join('; ')} ;;`)
    .join('\n')
}

/** Which flags take what, in both shells: `command flag` is asked, the code is printed. */
function followingFunction({ commands }: CompletionModel): string {
  const entries = cases(commands, ({ flags }) => {
    const taking = flags.filter(({ following }) => code(following) !== null)
    if (taking.length === 0) return []
    const inner = taking.map(
      ({ flag, following }) => `${flag}) echo ${quoted(code(following)!)} ;;`,
    )
    return [`case "$2" in ${inner.join(' ')} esac`]
  })
  return `_millrace_following() {
  case "$1" in
${entries}
  esac
}`
}

const NAMES_FUNCTION = `# Names that a broker has, with the flags on the line that say where it is.
_millrace_names() {
  local what=$1 program=$2 at word
  shift 2
  local -a where=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --bootstrap-server|--command-config|--profile) where+=("$1" "\${2-}") ;;
      --bootstrap-server=*|--command-config=*|--profile=*) where+=("$1") ;;
    esac
    shift
  done
  "$program" completion names "$what" "\${where[@]}" 2>/dev/null
}`

function aliasFunction({ aliases }: CompletionModel): string {
  const entries = aliases.map(([alias, name]) => `    ${alias}) echo ${name} ;;`).join('\n')
  return `_millrace_alias() {
  case "$1" in
${entries}
  esac
}`
}

const allNames = ({ aliases }: CompletionModel) =>
  ['millrace', ...aliases.flatMap(([alias]) => [alias, `${alias}.sh`])].join(' ')

function bash(model: CompletionModel): string {
  const { commands, first } = model
  const words = (of: readonly (readonly [string, string])[]) => of.map(([word]) => word).join(' ')
  return `# bash completion for millrace: source <(millrace completion bash)
_millrace_words() {
  case "$1" in
    '') echo ${quoted(words(first))} ;;
${cases(commands, (command) => {
  const all = [words(command.words), command.flags.map(({ flag }) => flag).join(' ')]
  return [`echo ${quoted(all.join(' ').trim())}`]
})}
  esac
}

${followingFunction(model)}

${aliasFunction(model)}

${NAMES_FUNCTION}

_millrace() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local program=\${COMP_WORDS[0]} path='' at=1
  [ "$previous" = '=' ] && previous=\${COMP_WORDS[COMP_CWORD-2]}
  [ "$current" = '=' ] && current='' 
  local called=\${program##*/}
  path=$(_millrace_alias "\${called%.sh}")
  [ -n "$path" ] && program=millrace
  # The command is the words before the first flag, as far as there is such a command.
  while [ "$at" -lt "$COMP_CWORD" ]; do
    local word=\${COMP_WORDS[at]}
    [ "$at" = 1 ] && [ "$word" = help ] && { at=2; continue; }
    case "$word" in -*) break ;; esac
    local longer="\${path:+$path }$word"
    [ -n "$(_millrace_words "$longer")" ] || break
    path=$longer
    at=$((at + 1))
  done
  local following line
  read -ra line <<< "$COMP_LINE" # where an address is one word
  following=$(_millrace_following "$path" "$previous")
  local IFS=$' \\t\\n'
  case "$following" in
    file) COMPREPLY=($(compgen -f -- "$current")) ;;
    text) COMPREPLY=() ;;
    words:*) COMPREPLY=($(compgen -W "\${following#words:}" -- "$current")) ;;
    names:*)
      local names
      names=$(_millrace_names "\${following#names:}" "$program" "\${line[@]:1}")
      COMPREPLY=($(compgen -W "$names" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$(_millrace_words "$path")" -- "$current")) ;;
  esac
}

complete -o default -F _millrace ${allNames(model)}
`.replaceAll(/[ ]+$/gm, '')
}

function zsh(model: CompletionModel): string {
  const { commands, first } = model
  const item = ([word, about]: readonly [string, string]) =>
    quoted(`${word.replaceAll(':', '\\:')}:${about}`)
  return `#compdef ${allNames(model)}
# zsh completion for millrace: source <(millrace completion zsh)
_millrace_items() {
  case "$1" in
    '') items=(${first.map(item).join(' ')}) ;;
${cases(commands, (command) => {
  const flags = command.flags.map(({ flag, about }) => item([flag, about]))
  return [`items=(${[...command.words.map(item), ...flags].join(' ')})`]
})}
    *) items=(); return 1 ;;
  esac
}

${followingFunction(model)}

${aliasFunction(model)}

${NAMES_FUNCTION}

_millrace() {
  local -a items
  local program=$words[1] path_words='' at=2 word longer following names
  local called=\${\${program:t}%.sh}
  path_words=$(_millrace_alias "$called")
  [[ -n $path_words ]] && program=millrace
  while (( at < CURRENT )); do
    word=$words[at]
    if (( at == 2 )) && [[ $word == help ]]; then at=3; continue; fi
    [[ $word == -* ]] && break
    longer="\${path_words:+$path_words }$word"
    _millrace_items "$longer" || break
    path_words=$longer
    (( at++ ))
  done
  following=$(_millrace_following "$path_words" "$words[CURRENT-1]")
  case $following in
    file) _files ;;
    text) ;;
    words:*) compadd -- \${=following#words:} ;;
    names:*)
      names=$(_millrace_names "\${following#names:}" "$program" "\${(@)words[2,-1]}")
      compadd -- \${(f)names} ;;
    *) _millrace_items "$path_words"; _describe 'millrace' items ;;
  esac
}

if [[ $funcstack[1] == _millrace ]]; then
  _millrace "$@"
else
  compdef _millrace ${allNames(model)}
fi
`
}

function fish(model: CompletionModel): string {
  const { commands, first, aliases } = model
  const about = (text: string) => quoted(text.replace(/\.$/, ''))
  const lines = first.map(([word, text]) => {
    return `complete -c millrace -f -n 'test (count (__millrace_path)) -eq 0' -a ${word} -d ${about(text)}`
  })
  for (const { path, words, flags } of commands) {
    const when = `-n ${quoted(`__millrace_at ${path}`)}`
    for (const [word, text] of words) {
      lines.push(`complete -c millrace -f ${when} -a ${word} -d ${about(text)}`)
    }
    for (const { flag, about: text, following } of flags) {
      const takes = fishTakes(following)
      lines.push(`complete -c millrace ${when} -l ${flag.slice(2)}${takes} -d ${about(text)}`)
    }
  }
  const wraps = aliases.flatMap(([alias, name]) => {
    return [alias, `${alias}.sh`].map(
      (each) => `complete -c ${each} -w ${quoted(`millrace ${name}`)}`,
    )
  })
  return `# fish completion for millrace: millrace completion fish | source
set -g __millrace_paths ${commands.map(({ path }) => quoted(path)).join(' ')}

# The words of the command on the line, as far as there is such a command.
function __millrace_path
    set -l path
    set -l rest (commandline -opc)[2..-1]
    test "$rest[1]" = help; and set rest $rest[2..-1]
    for word in $rest
        set -l longer (string trim "$path $word")
        contains -- $longer $__millrace_paths; or break
        set path $longer
    end
    test -n "$path"; and echo $path
end

function __millrace_at
    test "$(__millrace_path)" = "$argv"
end

# Names that a broker has, with the flags on the line that say where it is.
function __millrace_names
    set -l where
    set -l rest (commandline -opc)[2..-1]
    for at in (seq (count $rest))
        switch $rest[$at]
            case --bootstrap-server --command-config --profile
                set -a where $rest[$at] $rest[(math $at + 1)]
            case '--bootstrap-server=*' '--command-config=*' '--profile=*'
                set -a where $rest[$at]
        end
    end
    millrace completion names $argv[1] $where 2>/dev/null
end

complete -c millrace -f
${lines.join('\n')}
${wraps.join('\n')}
`
}

function fishTakes(following: Following): string {
  if (following.kind === 'nothing') return ''
  if (following.kind === 'file') return ' -r -F'
  if (following.kind === 'words') return ` -x -a ${quoted(following.words.join(' '))}`
  if (following.kind === 'names') return ` -x -a ${quoted(`(__millrace_names ${following.of})`)}`
  return ' -x'
}
