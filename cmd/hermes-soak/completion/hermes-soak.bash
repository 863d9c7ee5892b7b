# bash completion for hermes-soak; in ~/.bashrc:  . <(hermes-soak completion bash)
# Bash cuts words at : and =, which stand inside ours (--fault latency:by=50ms), so
# that the line is cut here at blanks.
_hermes_soak() {
	local line=${COMP_LINE:0:COMP_POINT} words=() cur offered
	read -ra words <<<"$line"
	case $line in *[[:blank:]]) words+=("") ;; esac
	cur=${words[${#words[@]} - 1]}
	offered=$("${1/#~\//$HOME/}" __complete "${words[@]:1}" 2>/dev/null | cut -f 1)
	COMPREPLY=()
	if [ "$offered" = :files ]; then
		compopt -o default 2>/dev/null # bash 3 has none
		return
	fi
	local IFS=$'\n' word
	for word in $offered; do
		case $word in *[=:]) compopt -o nospace 2>/dev/null ;; esac
		# Readline puts back only what stands behind the last : or =.
		COMPREPLY+=("${word#"${cur%"${cur##*[=:]}"}"}")
	done
}
complete -F _hermes_soak hermes-soak
