package load

import (
	"mime"
	"strings"
)

// kind is what the content type of an answer says of its body.
type kind struct {
	text string
	json bool
	// stream: it is a stream of server-sent events, which has no end. To wait for one
	// would make a timeout of every right answer.
	stream bool
}

// know learns the content type of an answer, which nearly always is that of the one
// before.
func (k *kind) know(contentType []byte) {
	if string(contentType) == k.text {
		return
	}
	*k = kind{text: string(contentType)}
	media, _, err := mime.ParseMediaType(k.text)
	if err != nil {
		return
	}
	k.json = media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
	k.stream = media == "text/event-stream"
}
