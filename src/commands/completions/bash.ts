// Completion script for bash, from version 3.2 (macOS) on.
import {
  type CommandModel,
  flagsOf,
  flagsWithValue,
  GLOBAL_OPTIONS,
  type OptionModel,
  type Values,
} from './model.ts';

export function bashCompletion(commands: readonly CommandModel[]): string {
  const options = uniqueOptions(commands);
  return `# Completion of mcp-watchdog for bash. Put this into ~/.bashrc:
#   source <(mcp-watchdog completion bash)
# bash 3.2, the one of macOS:
#   eval "$(mcp-watchdog completion bash)"

_mcp_watchdog_servers() {
  local program=\${COMP_WORDS[0]}
  case $program in "~/"*) program=$HOME/\${program#"~/"} ;; esac
  "$program" \${home[@]+"\${home[@]}"} completion bash --servers 2>/dev/null
}

_mcp_watchdog() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local command= position=0 words= i word
  local -a home
  home=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      --home) home=(--home "\${COMP_WORDS[i + 1]/#\\~/$HOME}"); ((i++)) ;;
      ${flagsWithValue(commands)
        .filter((flag) => flag !== '--home')
        .join('|')}) ((i++)) ;;
      -*) ;;
      *) if [ -z "$command" ]; then command=$word; else ((position++)); fi ;;
    esac
  done
  COMPREPLY=()
  case $prev in
${options.map((option) => `    ${flagsOf(option).join('|')}) ${valueLines(option.values)} return ;;`).join('\n')}
  esac
  case $cur in
    -*)
      case $command in
${commands.map((command) => `        ${command.name}) words='${command.options.flatMap(flagsOf).join(' ')}' ;;`).join('\n')}
      esac
      words="$words ${GLOBAL_OPTIONS.flatMap(flagsOf).join(' ')}"
      ;;
    *)
      case $command:$position in
        :0) words='${commands.map(({ name }) => name).join(' ')}' ;;
${commands.flatMap(argumentLines).join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

complete -F _mcp_watchdog mcp-watchdog
`;
}

function uniqueOptions(commands: readonly CommandModel[]): OptionModel[] {
  const all = [...GLOBAL_OPTIONS, ...commands.flatMap(({ options }) => options)];
  return all.filter(
    (option, index) => option.values !== null && all.findIndex(({ long }) => long === option.long) === index,
  );
}

/** Completes the value of an option. An option name means the same in every command, so one entry serves all. */
function valueLines(values: Values | null): string {
  const files = 'compopt -o filenames 2>/dev/null;';
  switch (values?.kind) {
    case 'folder':
      return `${files} COMPREPLY=($(compgen -d -- "$cur"));`;
    case 'file':
      return `${files} COMPREPLY=($(compgen -f -- "$cur"));`;
    case 'words':
      return `COMPREPLY=($(compgen -W '${values.words.join(' ')}' -- "$cur"));`;
    case 'words-or-file':
      return `${files} COMPREPLY=($(compgen -W '${values.words.join(' ')}' -- "$cur") $(compgen -f -- "$cur"));`;
    case 'servers':
      return `COMPREPLY=($(compgen -W "$(_mcp_watchdog_servers)" -- "$cur"));`;
    case 'anything':
    case undefined:
      return '';
    default:
      return values satisfies never;
  }
}

function argumentLines({ name, arguments: args }: CommandModel): string[] {
  return args.flatMap(({ position, isVariadic, values }) => {
    const place = `${name}:${isVariadic ? '*' : position}`;
    if (values.kind === 'servers') return [`        ${place}) words=$(_mcp_watchdog_servers) ;;`];
    return values.kind === 'words' ? [`        ${place}) words='${values.words.join(' ')}' ;;`] : [];
  });
}
