package soak

// lineCount is what one line of a traced target had counted: the connections that it
// opened, those of them that the code did not close, and those of these that nobody held
// any more.
type lineCount struct{ opened, unclosed, collected int64 }

// byLine are the counts of the lines, their callers taken together.
func (t *Trace) byLine() map[string]lineCount {
	all := map[string]lineCount{}
	for _, s := range t.Sites {
		c := all[s.name()]
		all[s.name()] = lineCount{c.opened + s.Opened, c.unclosed + s.unclosed(), c.collected + s.Collected}
	}
	return all
}

// unread says that the counters could not be read then.
func (t *Trace) unread() bool { return t.Unknown != "" && len(t.Sites) == 0 }

// batchedLines are the counts of the lines after each batch. Where they could not be read
// they are those of before; before the first that could there are none.
type batchedLines struct {
	n, unread int // batches, and those before the first that was read
	last      map[string]lineCount
	lines     map[string]*lineColumns
}

type lineColumns struct{ opened, unclosed, collected column }

func (b *batchedLines) add(t *Trace) {
	if !t.unread() {
		b.last = t.byLine()
	} else if b.last == nil {
		b.unread++
	}
	for name, c := range b.last {
		of := b.lines[name]
		if of == nil {
			if b.lines == nil {
				b.lines = map[string]*lineColumns{}
			}
			of = &lineColumns{}
			b.lines[name] = of
		}
		of.opened.note(b.n, c.opened)
		of.unclosed.note(b.n, c.unclosed)
		of.collected.note(b.n, c.collected)
	}
	b.n++
}

// each calls f with the counts of every line after each batch that had any.
func (b *batchedLines) each(f func(batch int, name string, c lineCount)) {
	for name, of := range b.lines {
		unclosed, collected := of.unclosed.read(), of.collected.read()
		of.opened.each(func(batch int, opened int64) {
			open, _ := unclosed.at(batch)
			lost, _ := collected.at(batch)
			f(batch, name, lineCount{opened, open, lost})
		})
	}
}

// batchedStacks are the goroutines by their stack after each batch.
type batchedStacks struct {
	n       int
	stacks  map[string]*column
	unknown string // why they could not be read after one of them; empty where they were
}

func (b *batchedStacks) add(g *Goroutines) {
	if b.unknown == "" {
		b.unknown = g.Unknown
	}
	if b.stacks == nil {
		b.stacks = map[string]*column{}
	}
	for stack, n := range g.Stacks {
		note(b.stacks, stack, b.n, n)
	}
	b.n++
}

// of is how many stood at the stack after each batch.
func (b *batchedStacks) of(stack string) []int64 {
	all := make([]int64, b.n)
	b.stacks[stack].each(func(batch int, n int64) { all[batch] = n })
	return all
}
