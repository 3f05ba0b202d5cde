package orders

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Seal signs a command that was written down, with a key that the API and the workers share: HMAC-SHA256 over its ID, its
// name and its JSON. Who can reach Temporal and has not the key cannot pass an update off as one of a signed-in person.
func Seal(key []byte, command, name string, payload []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%d:%s%d:%s", len(command), command, len(name), name)
	mac.Write(payload)
	return hex.EncodeToString(mac.Sum(nil))
}
