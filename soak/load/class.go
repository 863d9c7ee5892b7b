package load

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"hermes-soak/soak"
)

// classOf says how a failure of the connection ended a request.
func classOf(err error) soak.Class {
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		return soak.ClassTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return soak.ClassRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return soak.ClassReset
	}
	return soak.ClassOther
}

// headClass is for a failure before the answer's headers were complete.
func headClass(err error, firstByte bool) soak.Class {
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if ended && !firstByte {
		return soak.ClassEOF
	}
	return classOf(err)
}

// bodyClass is for an answer of which err ended the body; nil is its true end,
// and whether the answer is right is then for the probe's expectation to say.
func bodyClass(err error) soak.Class {
	if err == nil {
		return soak.ClassOK
	}
	if c := classOf(err); c != soak.ClassOther {
		return c
	}
	return soak.ClassShort
}

// certificateHint says what lets us trust the certificate that err refuses.
func certificateHint(err error) string {
	var stranger x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.As(err, &stranger):
		return "to trust the authority that signed it: --ca FILE; to trust any: --insecure"
	case errors.As(err, &host):
		return "--url must have a name that the certificate has; to trust any: --insecure"
	}
	return "to trust it all the same: --insecure"
}

// untried is nil when err says something about the target. Otherwise the fault
// is with us or the configuration, and no answer may be made of it.
func untried(err error) error {
	var name *net.DNSError
	var cert *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	switch {
	case errors.Is(err, ErrRemote), errors.As(err, &name) && name.IsNotFound:
		return err
	case errors.As(err, &cert):
		return fmt.Errorf("%w (%s)", err, certificateHint(err))
	case errors.As(err, &plain):
		return fmt.Errorf("%w: does the target speak http instead of https?", err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("%w in hermes-soak itself: raise ulimit -n or lower --concurrency", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w: no local port is left for another connection; lower --rate or keep connections", err)
	}
	return nil
}
