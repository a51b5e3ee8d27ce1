// The scripts that make shells ask `memodag complete` what may come next.

/** Shells, by name. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell. */
export type Shell = (typeof SHELLS)[number];

/**
 * Bash splits words at colons, and run ids have some: the line is split at spaces here, and of an answer, what stands
 * before the last colon is there already.
 */
const BASH = `# Completion of memodag for bash: eval "$(memodag completion bash)"
_memodag() {
  local line="\${COMP_LINE:0:COMP_POINT}" word current kept
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current="\${words[\${#words[@]}-1]}"
  kept="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("\${word#"$kept"}")
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _memodag memodag
`;

const ZSH = `#compdef memodag
# Completion of memodag for zsh: eval "$(memodag completion zsh)", or as a file _memodag in a folder of $fpath
_memodag() {
  local -a found
  found=(\${(f)"$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
if [[ \${funcstack[1]} == _memodag ]]; then _memodag "$@"; else compdef _memodag memodag; fi
`;

const FISH = `# Completion of memodag for fish: memodag completion fish | source
function __memodag_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($before[1] complete -- $before[2..-1] "$current" 2>/dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c memodag -f -a '(__memodag_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** The script of a shell. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
