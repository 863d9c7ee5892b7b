package soak

import (
	"fmt"
	"strings"
)

// Expect is what a right answer must be, apart from coming whole. The zero value
// wants a status from 200 to 399.
type Expect struct {
	// Status are the statuses that are right; none is 200 to 399.
	Status []StatusRange `json:"status,omitempty"`
	// Type is what the content type begins with, such as application/json.
	Type string `json:"type,omitempty"`
	// JSON wants a body that is valid JSON, whatever its content type.
	JSON bool `json:"json,omitempty"`
	// MinBytes is the least length of the body, MinItems that of the longest array
	// at the top of a JSON body.
	MinBytes int64 `json:"min_bytes,omitempty"`
	MinItems int   `json:"min_items,omitempty"`
}

// StatusRange is the statuses From to To, both included.
type StatusRange struct {
	From int `json:"from"`
	To   int `json:"to"`
}

func (s StatusRange) String() string {
	if s.From == s.To {
		return fmt.Sprint(s.From)
	}
	return fmt.Sprintf("%d-%d", s.From, s.To)
}

// Validate reports what no answer can be.
func (e Expect) Validate() error {
	for _, s := range e.Status {
		if s.From < 200 || s.To > 599 || s.From > s.To {
			return fmt.Errorf("status: want 200 to 599, or a part of that, not %s", s)
		}
	}
	if e.MinBytes < 0 || e.MinItems < 0 {
		return fmt.Errorf("min_bytes and min_items: want 0 or more")
	}
	return nil
}

// IsZero reports whether nothing was asked of the answers.
func (e Expect) IsZero() bool {
	return len(e.Status) == 0 && e.Type == "" && !e.NeedsBody() && e.MinBytes == 0
}

// NeedsBody reports whether the text of the body has to be looked at.
func (e Expect) NeedsBody() bool { return e.JSON || e.MinItems > 0 }

// Content is what is known of the body of an answer.
type Content struct {
	Type string // as the server calls it
	// JSON: it is valid JSON. TooLong: it was too long to look.
	JSON, TooLong bool
}

// Judge returns the class of an answer that came whole.
func (e Expect) Judge(a Answer, c Content) Class {
	switch {
	case !e.allows(a.Status):
		return ClassStatus
	case len(c.Type) < len(e.Type) || !strings.EqualFold(c.Type[:len(e.Type)], e.Type):
		return ClassType
	case a.Bytes < e.MinBytes:
		return ClassSmall
	case e.NeedsBody() && c.TooLong:
		return ClassTooLong
	case e.JSON && !c.JSON:
		return ClassNotJSON
	case e.MinItems > 0 && (a.Items == nil || *a.Items < e.MinItems):
		return ClassFew
	}
	return ClassOK
}

func (e Expect) allows(status int) bool {
	for _, s := range e.Status {
		if status >= s.From && status <= s.To {
			return true
		}
	}
	return len(e.Status) == 0 && status < 400
}

// wanted says what an answer of the class was not; "" where nothing was asked.
func (e Expect) wanted(c Class) string {
	switch {
	case c == ClassStatus && len(e.Status) > 0:
		var all []string
		for _, s := range e.Status {
			all = append(all, s.String())
		}
		return "want " + strings.Join(all, ", ")
	case c == ClassType:
		return "want " + e.Type
	case c == ClassSmall:
		return fmt.Sprintf("want %d bytes or more", e.MinBytes)
	case c == ClassFew:
		return fmt.Sprintf("want %d or more", e.MinItems)
	}
	return ""
}
