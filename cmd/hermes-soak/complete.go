package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports"
	"hermes-soak/soak"
	"hermes-soak/target/faults"
	"hermes-soak/target/webui"
)

// completeArg is how the script of a shell asks for what may come next: behind it stand
// the words that were typed, and as the last of them the one to complete. That may be
// empty, or ":" where the shell cannot give an empty word.
const completeArg = "__complete"

// filesWanted is the only answer where the name of a file is to come: shells know their files.
const filesWanted = ":files"

// An offer is what a word may become, and what that means.
type offer struct{ word, about string }

// complete prints the offers for the last word, one a line, with what they mean behind a tab.
func complete(app *cli.App, words []string, w io.Writer) int {
	if len(words) == 0 {
		words = []string{""}
	}
	before, last := words[:len(words)-1], words[len(words)-1]
	if last == ":" {
		last = ""
	}
	for _, o := range offers(app, before, last) {
		if !strings.HasPrefix(o.word, last) && o.word != filesWanted {
			continue
		}
		if o.about != "" {
			o.about = "\t" + o.about
		}
		fmt.Fprintln(w, o.word+o.about)
	}
	return soak.ExitPass
}

// offers are what may stand behind the words before; last says of some what is typed already.
func offers(app *cli.App, before []string, last string) []offer {
	cmd := &cli.Command{Subcommands: app.Commands, Flags: []cli.Flag{cli.VersionFlag}}
	arguments, waits := 0, ""
	for _, word := range before {
		switch sub := cmd.Command(word); {
		case waits != "":
			waits = ""
		case word == "--":
			return []offer{{word: filesWanted}} // the target's own command line
		case strings.HasPrefix(word, "-"):
			waits = waiting(cmd, word)
		case sub != nil:
			cmd = sub
		default:
			arguments++
		}
	}
	name, value, given := strings.Cut(last, "=")
	switch {
	case waits != "":
		return values(cmd.Name, waits, last)
	case strings.HasPrefix(last, "-") && given:
		return prefixed(name+"=", values(cmd.Name, waiting(cmd, name), value))
	case strings.HasPrefix(last, "-"):
		return flagOffers(cmd)
	case arguments > 0:
		return nil
	}
	return argumentOffers(cmd)
}

// waiting is the name of the flag whose value is the next word; "" where none is wanted.
func waiting(cmd *cli.Command, word string) string {
	name := strings.TrimLeft(word, "-")
	for _, f := range cmd.Flags {
		if takes, ok := f.(cli.DocGenerationFlag); ok && takes.TakesValue() && slices.Contains(f.Names(), name) {
			return f.Names()[0]
		}
	}
	return ""
}

func flagOffers(cmd *cli.Command) (all []offer) {
	for _, f := range append(slices.Clone(cmd.Flags), cli.HelpFlag) {
		about := ""
		if f, ok := f.(cli.DocGenerationFlag); ok {
			about = strings.ReplaceAll(f.GetUsage(), "`", "")
		}
		all = append(all, offer{"--" + f.Names()[0], about})
	}
	return all
}

// argumentOffers are what a command takes besides flags.
func argumentOffers(cmd *cli.Command) (all []offer) {
	for _, sub := range cmd.Subcommands {
		all = append(all, offer{sub.Name, sub.Usage})
	}
	switch cmd.Name {
	case "completion":
		return plain(shellNames()...)
	case "judge", "report", "audit", "init", "validate", "compare":
		return []offer{{word: filesWanted}}
	}
	return all
}

// values are what a flag of a command may be; none where only the user knows.
func values(command, flag, typed string) (all []offer) {
	switch flag {
	case "profile":
		for _, p := range profiles() {
			all = append(all, offer{p.name, fmt.Sprintf("%d batches of %d requests", p.batches, p.requests)})
		}
		return all
	case "report":
		return reportOffers(command, typed)
	case "fault":
		return faultOffers(typed)
	case "leak":
		return kindOffers(webui.LeakHelp(), typed)
	case "shape":
		return kindOffers(webui.ShapeHelp(), typed)
	case "exhausted":
		return kindOffers(webui.ExhaustedHelp(), typed)
	case "skip":
		return plain(soak.CheckNames()...)
	case "gate":
		return plain("rss")
	case "color":
		return plain("auto", "always", "never")
	case "trace":
		return plain("auto", "sqlite", "sqlite,fd", "off")
	case "amplify":
		return plain("gc-off")
	case "ca", "config", "cwd", "evidence", "history", "home", "log", "python":
		return []offer{{word: filesWanted}}
	}
	return nil
}

func plain(words ...string) (all []offer) {
	for _, w := range words {
		all = append(all, offer{word: w})
	}
	return all
}

func prefixed(head string, all []offer) []offer {
	for i := range all {
		if all[i].word != filesWanted {
			all[i].word = head + all[i].word
		}
	}
	return all
}

// reportOffers are FORMAT=, and behind it the name of a file.
func reportOffers(command, typed string) (all []offer) {
	if strings.Contains(typed, "=") {
		return []offer{{word: filesWanted}}
	}
	switch command {
	case "probe", "compare":
		return plain("json=")
	case "audit":
		return plain("json=", "sarif=")
	}
	all = append(all, offer{recordFormat + "=", "every event, as it happens"})
	for _, f := range reports.Formats() {
		all = append(all, offer{f.Name + "=", f.What})
	}
	return all
}

func faultOffers(typed string) []offer {
	var all []offer
	for _, kind := range faults.Kinds() {
		all = append(all, keyed(offer{word: kind}, faults.Keys(kind), typed)...)
	}
	return all
}

func kindOffers(kinds []webui.Kind, typed string) (all []offer) {
	for _, k := range kinds {
		var keys []string
		for setting := range strings.SplitSeq(k.Keys, ",") {
			if key, _, found := strings.Cut(setting, "="); found {
				keys = append(keys, key)
			}
		}
		all = append(all, keyed(offer{k.Name, k.About}, keys, typed)...)
	}
	return all
}

// keyed are KIND, and KIND:key=value,... as far as it is typed.
func keyed(kind offer, keys []string, typed string) []offer {
	head := kind.word + ":"
	if !strings.HasPrefix(typed, head) {
		if len(keys) == 0 {
			return []offer{kind}
		}
		return []offer{kind, {head, "with " + strings.Join(keys, ", ")}}
	}
	var all []offer
	head = typed[:max(len(head), strings.LastIndex(typed, ",")+1)]
	for _, key := range keys {
		if !strings.Contains(head, ":"+key+"=") && !strings.Contains(head, ","+key+"=") {
			all = append(all, offer{word: head + key + "="})
		}
	}
	return all
}
