// Completion script for fish.
import { type CommandModel, flagsWithValue, GLOBAL_OPTIONS, type OptionModel, type Values } from './model.ts';

export function fishCompletion(commands: readonly CommandModel[]): string {
  return `# Completion of mcp-watchdog for fish. Save it where fish looks for it:
#   mcp-watchdog completion fish > ~/.config/fish/completions/mcp-watchdog.fish

# at [COMMAND [POSITION]]: the word being written is that argument of that command, from 0; without both, the command.
function __mcp_watchdog_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l found
    set -l is_value 0
    for word in $words
        if test $is_value = 1
            set is_value 0
            continue
        end
        switch $word
            case ${flagsWithValue(commands).join(' ')}
                set is_value 1
            case '-*'
            case '*'
                set -a found $word
        end
    end
    if test (count $argv) -eq 0
        test (count $found) -eq 0
        return
    end
    test (count $found) -gt 0; and test "$found[1]" = "$argv[1]"; or return 1
    test (count $argv) -eq 1; or test (count $found) -eq (math $argv[2] + 1)
end

function __mcp_watchdog_servers
    set -l words (commandline -opc)
    set -l home
    if set -l at (contains -i -- --home $words)
        set home --home $words[(math $at + 1)]
    end
    $words[1] $home completion fish --servers 2>/dev/null
end

complete -c mcp-watchdog -f
${GLOBAL_OPTIONS.map((option) => optionLine(option)).join('\n')}
${commands.map(({ name, summary }) => `complete -c mcp-watchdog -n __mcp_watchdog_at -a ${name} -d ${quoted(summary)}`).join('\n')}
${commands.flatMap(commandLines).join('\n')}
`;
}

function commandLines({ name, options, arguments: args }: CommandModel): string[] {
  return [
    ...options.map((option) => optionLine(option, name)),
    ...args.flatMap(({ position, isVariadic, values }) => {
      const words = wordsOf(values);
      if (words === '') return [];
      const place = isVariadic ? name : `${name} ${position}`;
      return [`complete -c mcp-watchdog -n '__mcp_watchdog_at ${place}' ${words}`];
    }),
  ];
}

function optionLine({ short, long, summary, values }: OptionModel, command?: string): string {
  const flags = `${short === null ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  const condition = command === undefined ? '' : ` -n '__mcp_watchdog_at ${command}'`;
  const value = values === null ? '' : ` ${valueOf(values)}`.trimEnd();
  return `complete -c mcp-watchdog${condition} ${flags}${value} -d ${quoted(summary)}`;
}

/** -r: the option takes a value; -x: a value that is not a file. */
function valueOf(values: Values): string {
  const isFile = values.kind === 'file' || values.kind === 'words-or-file';
  return `${isFile ? '-r' : '-x'} ${wordsOf(values)}`;
}

/** Writes the arguments of `complete` that offer these values. */
function wordsOf(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-a ${quoted(values.words.join(' '))}`;
    case 'words-or-file':
      return `-F -a ${quoted(values.words.join(' '))}`;
    case 'servers':
      return `-a '(__mcp_watchdog_servers)'`;
    case 'folder':
      return `-a '(__fish_complete_directories)'`;
    case 'file':
      return '-F';
    case 'anything':
      return '';
    default:
      return values satisfies never;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/gu, String.raw`\$&`)}'`;
}
