package bench

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"
)

func TestProfile(t *testing.T) {
	dir := os.Getenv("PROFILE_DIR")
	if dir == "" {
		t.Skip()
	}
	text, _ := os.ReadFile(dir + "/dev-tokens.json")
	tokens := map[string]string{}
	_ = json.Unmarshal(text, &tokens)
	l := newLives(os.Getenv("PROFILE_API"), os.Getenv("PROFILE_SANDBOX"), tokens)
	l.serial.Store(time.Now().UnixMilli() % 90_000_000)
	ctx := context.Background()
	_ = l.stockUp(ctx)
	var r rate
	d, _ := time.ParseDuration(os.Getenv("PROFILE_FOR"))
	if err := r.load(ctx, 32, d, func(ctx context.Context) error { return l.live(ctx, 32) }); err != nil {
		t.Fatal(err)
	}
	t.Logf("lives %d, %.1f/s", r.all, r.perSecond())
}
