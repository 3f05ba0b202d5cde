package world

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// behaviour is a wished misbehaviour. It is kept in memory, so that a call that behaves asks no database, and in the
// database, so that it outlives the process.
type behaviour struct {
	ID       int64  `json:"id"`
	Provider string `json:"provider"`
	Call     string `json:"call"` // empty: every call of the provider
	Mode     string `json:"mode"`
	Times    int    `json:"times"` // how often still; -1: until reset
	Order    string `json:"order"` // empty: every order
	DelayMS  int    `json:"delay_ms"`
}

func (b *behaviour) matches(r request) bool {
	return b.Times != 0 && b.Provider == r.provider && (b.Call == "" || b.Call == r.call) &&
		(b.Order == "" || b.Order == r.order)
}

type behaviours struct {
	pool  *pgxpool.Pool
	seed  uint64
	chaos float64

	mu       sync.Mutex
	items    []behaviour
	attempts map[string]uint64 // per provider, call and key, only where chance rules
}

func loadBehaviours(ctx context.Context, pool *pgxpool.Pool, seed uint64, chaos float64) (*behaviours, error) {
	rows, _ := pool.Query(ctx, "SELECT id, provider, call, mode, times, order_no, delay_ms FROM behaviours WHERE times <> 0 ORDER BY id")
	items, err := pgx.CollectRows(rows, pgx.RowToStructByPos[behaviour])
	if err != nil {
		return nil, fmt.Errorf("load behaviours: %w", err)
	}
	return &behaviours{pool: pool, seed: seed, chaos: chaos, items: items, attempts: map[string]uint64{}}, nil
}

func (b *behaviours) add(ctx context.Context, item behaviour) (behaviour, error) {
	err := b.pool.QueryRow(ctx, `INSERT INTO behaviours (provider, call, mode, times, order_no, delay_ms)
		VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		item.Provider, item.Call, item.Mode, item.Times, item.Order, item.DelayMS).Scan(&item.ID)
	if err != nil {
		return item, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.items = append(b.items, item)
	return item, nil
}

func (b *behaviours) list() []behaviour {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]behaviour{}, b.items...)
}

// reset forgets the behaviours of an order, or all.
func (b *behaviours) reset(ctx context.Context, order string) (int64, error) {
	tag, err := b.pool.Exec(ctx, "UPDATE behaviours SET times = 0 WHERE times <> 0 AND ($1 = '' OR order_no = $1)", order)
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.items = slices.DeleteFunc(b.items, func(item behaviour) bool { return order == "" || item.Order == order })
	return tag.RowsAffected(), nil
}

// take decides how a call is treated, and counts the behaviours it uses up.
func (b *behaviours) take(ctx context.Context, r request) (plan, error) {
	decided, used := b.match(r)
	if len(used) == 0 {
		return decided, nil
	}
	_, err := b.pool.Exec(ctx, "UPDATE behaviours SET times = times - 1 WHERE id = ANY($1) AND times > 0", used)
	return decided, err
}

func (b *behaviours) match(r request) (decided plan, used []int64) {
	decided.copies = 1
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.items {
		item := &b.items[i]
		if !item.matches(r) || (decided.outcome != "" && slices.Contains(outcomes, item.Mode)) {
			continue
		}
		decided.add(item.Mode, time.Duration(item.DelayMS)*time.Millisecond, b.left(*item))
		used = append(used, item.ID)
		if item.Times > 0 {
			item.Times--
		}
	}
	b.items = slices.DeleteFunc(b.items, func(item behaviour) bool { return item.Times == 0 })
	if len(used) == 0 && b.chaos > 0 {
		b.chance(&decided, r)
	}
	return decided, used
}

// left is how many events of a shuffled row are still to come: the later ones are sent sooner.
func (b *behaviours) left(item behaviour) int {
	if item.Times < 0 {
		return rand.IntN(5)
	}
	return item.Times
}

// chance depends on nothing but the seed, the call, its key and how often it was made, so that a run can be repeated
// whatever the order of its calls.
func (b *behaviours) chance(decided *plan, r request) {
	id := r.provider + "/" + r.call + "/" + r.key
	b.attempts[id]++
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(id))
	random := rand.New(rand.NewPCG(b.seed, hash.Sum64()+b.attempts[id]))
	if random.Float64() < b.chaos {
		list := chances(r)
		decided.add(list[random.IntN(len(list))], 0, 1)
	}
}
