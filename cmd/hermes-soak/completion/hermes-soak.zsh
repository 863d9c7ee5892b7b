#compdef hermes-soak
# zsh completion for hermes-soak: a file _hermes-soak in a folder of $fpath, or in
# ~/.zshrc behind compinit:  . <(hermes-soak completion zsh)
_hermes-soak() {
	local -a words_ shown open opened
	local line word
	for line in "${(@f)$(${~words[1]} __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
		word=${line%%$'\t'*}
		case $word in
		'') ;;
		:files)
			compset -P '*='
			_files
			return
			;;
		*[=:])
			open+=("$word")
			opened+=("${line/$'\t'/  -- }")
			;;
		*)
			words_+=("$word")
			shown+=("${line/$'\t'/  -- }")
			;;
		esac
	done
	compadd -l -d shown -a words_
	compadd -l -S '' -d opened -a open
}
if [ "$funcstack[1]" = _hermes-soak ]; then
	_hermes-soak "$@"
else
	compdef _hermes-soak hermes-soak
fi
