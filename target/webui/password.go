package webui

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
)

const (
	passwordHeader = "X-Hermes-Password"
	cookieName     = "hermes_session"
)

// A lock guards the server with a password, or with nothing.
type lock struct {
	password string
	// token is what a cookie must hold. It is as old as the server: a restart asks for the password again.
	token string
}

func newLock(password string) *lock {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never returns an error
	return &lock{password, hex.EncodeToString(b[:])}
}

// opens tells whether a request has shown the password, now or at its login.
func (l *lock) opens(r *http.Request) bool {
	if l.password == "" || same(r.Header.Get(passwordHeader), l.password) {
		return true
	}
	cookie, err := r.Cookie(cookieName)
	return err == nil && same(cookie.Value, l.token)
}

// serveLogin gives the cookie for the password.
func (l *lock) serveLogin(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Password string `json:"password"`
	}
	switch err := decode(r, &ask); {
	case err != nil:
		answerFailure(w, err)
	case l.password == "":
		answerError(w, http.StatusNotFound, "this server has no password")
	case !same(ask.Password, l.password):
		answerError(w, http.StatusUnauthorized, "wrong password")
	default:
		// Not Secure: the server speaks plain HTTP, to this machine only.
		http.SetCookie(w, &http.Cookie{Name: cookieName, Value: l.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		answer(w, http.StatusOK, map[string]bool{"ok": true})
	}
}

// same compares in a time that tells nothing of the two, not even of their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
