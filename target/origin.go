package target

import (
	"fmt"
	"slices"
	"strings"
)

// Origin is what a process has in common with one that is started in its place, where
// no supervisor names that.
type Origin struct {
	UID     uint32 // the real one
	Command []string
	Group   string // its control group; "" where there is none
}

// Same says whether the other may be the same program, started again: by the same user
// with the same command line, or as the same systemd service. Other control groups hold
// strangers too: a whole session, or all of a container.
func (o Origin) Same(other Origin) bool {
	service := o.Group != "" && o.Group == other.Group && strings.HasSuffix(o.Group, ".service")
	return service || o.UID == other.UID && slices.Equal(o.Command, other.Command)
}

func (o Origin) String() string { return fmt.Sprintf("%s, of uid %d", Title(o.Command), o.UID) }
