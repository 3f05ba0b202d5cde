package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"amends/orders"
)

// SeedStaff is a staff member to be seeded. Only the SHA-256 of the token is stored.
type SeedStaff struct {
	ID          string
	Name        string
	Role        string
	TokenHash   []byte
	RefundLimit int64 // minor units
}

// firstStock is what each warehouse starts with.
const firstStock = 10_000

var seedWarehouses = []struct {
	id, name string
}{
	{"SZ", "深圳仓"},
	{"SH", "上海仓"},
}

var seedProducts = []struct {
	sku, kind, name, unit string
	price                 int64
}{
	{"TEA-001", orders.Goods, "龙井茶礼盒", "盒", 128_00},
	{"TEA-002", orders.Goods, "正山小种红茶", "罐", 98_00},
	{"TEA-003", orders.Goods, "武夷岩茶大红袍", "盒", 268_00},
	{"TEA-004", orders.Goods, "福鼎白茶饼", "饼", 188_00},
	{"CUP-001", orders.Goods, "景德镇青花盖碗", "只", 86_00},
	{"POT-001", orders.Goods, "宜兴紫砂壶", "把", 560_00},
	{"SET-001", orders.Goods, "旅行茶具套装", "套", 219_00},
	{"TBL-001", orders.Goods, "实木茶桌", "张", 2_980_00},
	{"LMP-001", orders.Goods, "护眼台灯", "台", 329_00},
	{"KTL-001", orders.Goods, "恒温电热水壶", "台", 399_00},
	{"FLT-001", orders.Goods, "厨下净水器", "台", 1_699_00},
	{"FLT-002", orders.Goods, "净水器滤芯", "支", 159_00},
	{"SVC-INSTALL", orders.Service, "上门安装", "次", 200_00},
	{"SVC-CLEAN", orders.Service, "净水器清洗保养", "次", 150_00},
	{"SVC-REPAIR", orders.Service, "上门维修", "次", 180_00},
}

var seedTechnicians = []struct {
	id, name string
	skills   []string
}{
	{"tech-1", "陈师傅", []string{"SVC-INSTALL", "SVC-REPAIR"}},
	{"tech-2", "林师傅", []string{"SVC-INSTALL", "SVC-CLEAN"}},
	{"tech-3", "周师傅", []string{"SVC-REPAIR", "SVC-CLEAN"}},
}

var seedCustomers = []struct {
	id, name, phone, email string
	limit                  int64
}{
	{"00000000-0000-4000-8000-000000000001", "深圳市明远贸易有限公司", "+8675526001234", "buyer@mingyuan.example", 200_000_00},
	{"00000000-0000-4000-8000-000000000002", "王芳", "+8613900139001", "", 5_000_00},
	{"00000000-0000-4000-8000-000000000003", "上海云栖酒店管理有限公司", "+862161234567", "order@yunqi.example", 500_000_00},
	{"00000000-0000-4000-8000-000000000004", "赵敏", "+8613700137004", "zhao@example.com", 0},
}

// Seed fills a development database: catalogue, warehouses with stock, technicians, customers, staff. Seeding again
// adds what is missing and changes nothing else, except that staff get the given tokens and limits.
func Seed(ctx context.Context, ownerURL string, staff []SeedStaff) error {
	s, err := Open(ctx, ownerURL)
	if err != nil {
		return err
	}
	defer s.Close()
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		seedCatalogue(batch)
		seedStock(batch)
		seedPeople(batch, staff)
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return nil
}

func seedCatalogue(batch *pgx.Batch) {
	for _, p := range seedProducts {
		batch.Queue(`
			INSERT INTO products (sku, kind, name, unit, list_price, currency)
			VALUES ($1, $2, $3, $4, $5, 'CNY')
			ON CONFLICT DO NOTHING`, p.sku, p.kind, p.name, p.unit, p.price)
	}
	for _, t := range seedTechnicians {
		batch.Queue(`INSERT INTO technicians (id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING`, t.id, t.name)
		for _, sku := range t.skills {
			batch.Queue(`INSERT INTO technician_skills (technician, sku) VALUES ($1, $2) ON CONFLICT DO NOTHING`, t.id, sku)
		}
	}
}

// seedStock books the first goods in, with a movement each, where a warehouse has never had any.
func seedStock(batch *pgx.Batch) {
	for i, w := range seedWarehouses {
		batch.Queue(`
			INSERT INTO warehouses (id, name, position)
			VALUES ($1, $2, $3)
			ON CONFLICT DO NOTHING`, w.id, w.name, i+1)
		batch.Queue(`
			WITH added AS (
			    INSERT INTO stock (sku, warehouse, on_hand)
			    SELECT sku, $1, $2 FROM products WHERE kind = 'goods' ORDER BY sku
			    ON CONFLICT DO NOTHING
			    RETURNING sku, warehouse, on_hand)
			INSERT INTO stock_movements (key, kind, sku, warehouse, on_hand_delta, reserved_delta, reference, actor_id)
			SELECT 'seed/' || sku || '/' || warehouse, 'receive', sku, warehouse, on_hand, 0, 'seed', 'system'
			FROM added`, w.id, firstStock)
	}
}

func seedPeople(batch *pgx.Batch, staff []SeedStaff) {
	for _, c := range seedCustomers {
		batch.Queue(`
			INSERT INTO customers (id, name, phone, email, credit_limit)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`, c.id, c.name, c.phone, c.email, c.limit)
	}
	for _, m := range staff {
		batch.Queue(`
			INSERT INTO staff (id, name, role, token_hash, refund_limit)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE
			SET token_hash = excluded.token_hash,
			    refund_limit = excluded.refund_limit`, m.ID, m.Name, m.Role, m.TokenHash, m.RefundLimit)
	}
}
