# fish completion for hermes-soak; in ~/.config/fish/config.fish:  hermes-soak completion fish | source
function __hermes_soak_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l offered ($program __complete $words[2..-1] "$current" 2>/dev/null)
    if test "$offered" = :files
        # Fish completes whole words, and ours may be FORMAT=FILE.
        set -l head (string match -r '.*=' -- "$current")
        set -l rest (string replace -r '.*=' '' -- "$current")
        for path in (__fish_complete_path "$rest")
            echo -- "$head$path"
        end
        return
    end
    printf '%s\n' $offered
end
complete -c hermes-soak -f -a '(__hermes_soak_complete)'
