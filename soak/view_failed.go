package soak

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// failedTitle is a failure that is no growth, as a heading.
func failedTitle(v Verdict) string {
	switch v.Check {
	case "alive":
		if v.Subject != "" {
			return "The server is " + v.Subject
		}
		return "The server is down"
	case "headroom":
		return "The file descriptors come to their limit"
	case "released", "pool bound":
		return "Not given back: handles on " + v.Subject
	case "closed":
		return "Opened and not closed: SQLite connections"
	case "goroutines":
		return "Goroutines pile up"
	case "answers":
		return "Wrong answers: " + strings.ToLower(strings.SplitN(v.Headline, " ", 2)[0])
	case "recovers":
		return "Not as before after a fault: " + v.Subject
	}
	return "It fails: " + v.title()
}

// failed is the heading and the answers of a failure that is no proven growth: a server
// that is down, wrong answers, handles that stay. What rose until then is told where it
// may be the reason, as in an incident: such a run is often too short for growth to speak.
func (r *Report) failed(v Verdict) (title string, all []Told) {
	add := func(ask, text string) {
		if text != "" {
			all = append(all, Told{ask, sentence(text)})
		}
	}
	why, todo := advice(v.Reason)
	title = failedTitle(v)
	near, x, held := r.nearLimit(), r.rise(), v.ofGroup(v.Subject)
	if near != "" && v.Check != "headroom" {
		title += ", with " + near + " open"
	}
	if v.Class != "" && v.Class != LeakNone && (near == "" || v.Class != LeakBounded) { // at the limit it is bounded by no design
		why = string(v.Class) + ": " + why
	}
	if held {
		add("What is held", why)
	} else {
		add("What is wrong", why)
	}
	if x == nil || near == "" && (!held || x.group != v.Subject) {
		add("Where", strings.TrimPrefix(r.place(v), "; "))
		if held {
			add("How fast", "it was held from the first requests on, and hardly rose after them")
		}
		if v.Check != "headroom" {
			add("Room to the limit", r.reasonOf("headroom"))
		}
		add("What to do", cmp.Or(todo, "the server's log should say why; the health ladder and the handles below say what was seen"))
		add("What else fails", strings.Join(r.others(v, func(w Verdict) bool { return held && w.ofGroup(v.Subject) }), "; "))
		return title, all
	}
	leaks, where, fast, same := x.share(r, near), x.where(r)+r.place(*cmp.Or(x.verdict, &v)), x.fast(r, near)+x.others(r), x.seenBy(r)
	if x.verdict != nil {
		_, todo = advice(x.verdict.Reason)
	} else if !held {
		todo = "look for what is opened and not closed on every path"
	}
	if i := slices.IndexFunc(r.grown, func(g grown) bool { return g.family == "handles" && g.proven(r) }); i >= 0 {
		g := r.grown[i]
		leaks, where, fast = fmt.Sprintf("%s, and %s were open: a %s", g.level(), near, g.class), g.whereSeen(r), g.fast(r)
		_, todo = advice(g.verdict(r).Reason)
		of, alike := same, g.seenBy(r)
		same = func(w Verdict) bool { return of(w) || alike(w) }
	}
	if !held {
		add("What leaks", leaks)
	}
	if near != "" {
		todo, _, _ = strings.Cut(todo, "; if it is by design")
	}
	add("Where", where)
	add("How fast", fast)
	add("Until when", x.until(r, near))
	add("What to do", todo)
	add("What else fails", strings.Join(r.others(v, same), "; "))
	return title, all
}
