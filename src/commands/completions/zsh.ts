// Completion script for zsh: sourced, or saved as `_mcp-watchdog` in a folder of `fpath`.
import {
  type ArgumentModel,
  type CommandModel,
  GLOBAL_OPTIONS,
  type OptionModel,
  type Values,
} from './model.ts';

export function zshCompletion(commands: readonly CommandModel[]): string {
  return `#compdef mcp-watchdog
# Completion of mcp-watchdog for zsh. Put this into ~/.zshrc, after compinit:
#   source <(mcp-watchdog completion zsh)

_mcp_watchdog_servers() {
  local -a servers
  servers=(\${(f)"$("$_mcp_watchdog_program[@]" completion zsh --servers 2>/dev/null)"})
  _describe -t servers server servers
}

_mcp_watchdog_or_file() {
  _alternative "words:word:($*)" "files:file:_files"
}

_mcp_watchdog() {
  local curcontext=$curcontext state line
  local -A opt_args
  local -a commands common _mcp_watchdog_program
  local -i home=\${words[(i)--home]}
  _mcp_watchdog_program=(\${(Q)words[1]/#\\~/$HOME})
  (( home < CURRENT - 1 )) && _mcp_watchdog_program+=(--home \${(Q)words[home + 1]/#\\~/$HOME})
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  common=(
${GLOBAL_OPTIONS.flatMap(optionLines)
  .map((line) => `    ${line}`)
  .join('\n')}
  )
  _arguments -C $common '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
${commands.map(commandLines).join('\n')}
      esac
      ;;
  esac
}

if [ "$funcstack[1]" = _mcp-watchdog ]; then
  _mcp_watchdog "$@"
else
  compdef _mcp_watchdog mcp-watchdog
fi
`;
}

function commandLines({ name, options, arguments: args }: CommandModel): string {
  const parts = [...options.flatMap(optionLines), ...args.map(argumentLine)];
  return `        ${name}) _arguments $common ${parts.join(' ')} ;;`;
}

/** Writes both spellings of an option as one specification, so that neither is offered again once one was given. */
function optionLines({ short, long, summary, values, isRepeatable }: OptionModel): string[] {
  const value = values === null ? '' : `:${escaped(long.slice(2))}:${actionOf(values)}`;
  const help = `[${escaped(summary).replaceAll(/[[\]]/gu, String.raw`\$&`)}]${value}`;
  if (isRepeatable)
    return [short, long].filter((flag) => flag !== null).map((flag) => quoted(`*${flag}${help}`));
  if (short === null) return [quoted(`${long}${help}`)];
  return [`${quoted(`(${short} ${long})`)}{${short},${long}}${quoted(help)}`];
}

function argumentLine({ position, isVariadic, summary, values }: ArgumentModel): string {
  return quoted(`${isVariadic ? '*' : position + 1}:${escaped(summary)}:${actionOf(values)}`);
}

function actionOf(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'words-or-file':
      // The space keeps zsh from adding arguments of its own; a colon here would end the action.
      return ` _mcp_watchdog_or_file ${values.words.join(' ')}`;
    case 'servers':
      return '_mcp_watchdog_servers';
    case 'folder':
      return '_files -/';
    case 'file':
      return '_files';
    case 'anything':
      return ' ';
    default:
      return values satisfies never;
  }
}

function escaped(text: string): string {
  return text.replaceAll(':', String.raw`\:`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
