package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"

	"hermes-soak/soak"
)

// CheckScheme looks whether reply is no answer because the server speaks TLS at an
// address of http, or plain HTTP at one of https; the error then says what to give.
// It opens one connection, where it sends a handshake, or "HEAD /" and nothing of
// what requests carry, and takes no longer than the timeout.
func (d *Driver) CheckScheme(ctx context.Context, reply Reply) error {
	switch {
	case !reply.Connected, reply.Status != 0 && reply.Status != http.StatusBadRequest:
		return nil
	case d.target.tls == nil && reply.Class == soak.ClassTimeout:
		return nil // no TLS waits after the first bytes of a plain request
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	raw, err := d.dial(ctx, "tcp", d.target.addr)
	if err != nil {
		return nil // it says nothing of the scheme
	}
	defer func() { _ = raw.Close() }() // all that it says was read
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })()
	if d.target.tls == nil {
		host, _, _ := net.SplitHostPort(d.target.addr) // we joined it
		// Nothing is sent over it, so that whoever answers need not be trusted.
		over := tls.Client(raw, &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10})
		if over.HandshakeContext(ctx) == nil {
			return fmt.Errorf("it speaks TLS: give https://%s", d.target.addr)
		}
		return nil
	}
	begin := make([]byte, len("HTTP/"))
	if _, err = io.WriteString(raw, "HEAD / HTTP/1.0\r\n\r\n"); err == nil {
		_, err = io.ReadFull(raw, begin)
	}
	if err == nil && string(begin) == "HTTP/" {
		return fmt.Errorf("it does not speak TLS: give http://%s", d.target.addr)
	}
	return nil
}
