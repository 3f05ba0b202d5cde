package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// awayPrefix begins the folders used where Postgres cannot enter the checkout.
const awayPrefix = "/var/tmp/amends-"

// awayRecord is the file in the data folder that names such a folder.
const awayRecord = "postgres-folder"

// account is the unprivileged user that Postgres runs as, because it refuses
// to run as root. A nil account is the present user.
type account struct {
	name     string
	uid, gid uint32
}

// unprivileged returns nil for an ordinary user.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(found.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("look up user %s: %w", name, err)
		}
		return &account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, errors.New("no user postgres or nobody to run Postgres as, which refuses to run as root")
}

func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// give makes folder where it is missing and hands it to the account.
func (a *account) give(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", folder, err)
	}
	if a == nil {
		return nil
	}
	if err := a.mayTake(folder); err != nil {
		return err
	}
	if err := os.Chown(folder, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("hand %s to %s: %w", folder, a.name, err)
	}
	return nil
}

// mayTake refuses a folder that somebody else prepared under the same name.
func (a *account) mayTake(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return fmt.Errorf("look at %s: %w", folder, err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || (owner.Uid != a.uid && owner.Uid != 0) {
		return fmt.Errorf("%s belongs to somebody else: remove it", folder)
	}
	return nil
}

// canUse asks as the account itself, whatever the modes of the folders above.
func (a *account) canUse(folder string) bool {
	if a == nil {
		return true
	}
	cmd := exec.Command("test", "-w", folder)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	return cmd.Run() == nil
}

// postgresFolder returns the cluster's folder: inside the data folder where
// the account can enter it, and otherwise in /var/tmp, which is then recorded
// so that later starts and Clean find it.
func postgresFolder(dir string, as *account) (string, error) {
	if away := recordedFolder(dir); away != "" {
		return away, as.give(away)
	}
	inside := filepath.Join(dir, "postgres")
	if err := as.give(inside); err != nil {
		return "", err
	}
	if as.canUse(inside) {
		return inside, nil
	}
	sum := sha256.Sum256([]byte(dir))
	away := awayPrefix + hex.EncodeToString(sum[:6])
	if err := os.WriteFile(filepath.Join(dir, awayRecord), []byte(away+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("record the cluster's folder: %w", err)
	}
	return away, as.give(away)
}

// recordedFolder returns "" where the cluster lies in the data folder.
func recordedFolder(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, awayRecord))
	folder := strings.TrimSpace(string(text))
	if err != nil || !strings.HasPrefix(folder, awayPrefix) || filepath.Clean(folder) != folder {
		return ""
	}
	return folder
}
