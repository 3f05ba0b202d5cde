package intake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"amends/orders"
)

func TestPhonesAreUnderstoodAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"13800138000": "+8613800138000", "138 0013 8000": "+8613800138000", "138-0013-8000": "+8613800138000", "１３８００１３８０００": "+8613800138000",
		"+86 138 0013 8000": "+8613800138000", "0086 13800138000": "+8613800138000", " 13800138000　": "+8613800138000",
		"13800138000转1234": "+8613800138000;1234", "13800138000 转 1234": "+8613800138000;1234", "13800138000-1234": "+8613800138000;1234",
		"13800138000 ext. 12": "+8613800138000;12", "13800138000#0088": "+8613800138000;0088",
		"0755-26001234": "+8675526001234", "0755-26001234-801": "+8675526001234;801", "（0755）26001234－801": "+8675526001234;801",
		"010-65001234": "+861065001234", "010 6500 1234 分机 8": "+861065001234;8", "400-810-8888": "+864008108888",
		"17012345678": "+8617012345678", "16512345678": "+8616512345678", "17138001234-5678": "+8617138001234;5678",
		"+852 2123 4567": "+85221234567", "+853 2888 1234": "+85328881234", "+886 2 2345 6789": "+886223456789", "+1 650 253 0000": "+16502530000",
	} {
		got, code := Phone(typed)
		require.Empty(t, code, typed)
		require.Equal(t, want, got, typed)
	}
	for _, typed := range []string{
		"", "call-me-maybe", "1800FLOWERS", "12345", "1380013800", "138001380001", "+", "+86", "0755-2600-801", "13800138000转", "转801",
		"13800138000 or 13900139000", "١٣٨٠٠١٣٨٠٠٠", "99999999999", "1380013800O",
	} {
		_, code := Phone(typed)
		require.Equal(t, CodePhone, code, typed)
	}
}

func TestEmailsAreAddressesAlone(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"li@example.com", "li.lei+shop@mail.example.com.cn", "李@example.com", " li@example.com "} {
		_, code := Email(typed)
		require.Empty(t, code, typed)
	}
	for _, typed := range []string{"", "li", "li@", "@example.com", "li@@example.com", "Li <li@example.com>", "li@example", "a@b.com, c@d.com", "li@example.com\r\nBcc: x@y.com"} {
		_, code := Email(typed)
		require.Equal(t, CodeEmail, code, typed)
	}
}

func TestAddressesAreComplete(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		typed Address
		known bool
		wrong []string
	}{
		{"whole", Address{Province: "广东省", City: "深圳市", District: "南山区", Detail: "1 号"}, true, nil},
		{"short names", Address{Province: "广东", City: "深圳", District: "南山", Detail: "1 号"}, true, nil},
		{"市辖区", Address{Province: "北京市", City: "市辖区", District: "东城区", Detail: "1 号"}, true, nil},
		{"the city is the province", Address{Province: "上海市", City: "上海市", District: "浦东新区", Street: "世纪大道"}, true, nil},
		{"a county of 重庆", Address{Province: "重庆市", City: "县", District: "城口县", Detail: "1 号"}, true, nil},
		{"东莞", Address{Province: "广东省", City: "东莞市", Street: "虎门镇", Detail: "1 号"}, true, nil},
		{"中山", Address{Province: "广东省", City: "中山市", District: "", Detail: "1 号"}, true, nil},
		{"a city under its province", Address{Province: "湖北省", City: "仙桃市", Detail: "1 号"}, true, nil},
		{"autonomous region", Address{Province: "内蒙古", City: "呼和浩特", District: "新城区", Detail: "1 号"}, true, nil},
		{"香港", Address{Province: "香港特别行政区", City: "香港", Detail: "皇后大道中 1 号"}, true, nil},
		{"九龙", Address{Province: "香港", City: "九龙", District: "油尖旺区", Detail: "1 号"}, true, nil},
		{"澳门", Address{Province: "澳门特别行政区", City: "澳门", Detail: "1 号"}, true, nil},
		{"台湾", Address{Province: "台湾省", City: "台北市", District: "信义区", Detail: "1 号", Postcode: "110"}, true, nil},
		{"unknown district", Address{Province: "广东省", City: "深圳市", District: "北山区", Detail: "1 号"}, false, nil},
		{"no district", Address{Province: "广东省", City: "深圳市", Detail: "1 号"}, false, nil},
		{"a city elsewhere", Address{Province: "广东省", City: "杭州市", District: "西湖区", Detail: "1 号"}, false, nil},
		{"no city", Address{Province: "广东省", District: "南山区", Detail: "1 号"}, false, []string{"a.city required"}},
		{"nothing", Address{}, false, []string{"a.province required", "a.city required", "a.detail required"}},
		{"abroad", Address{Country: "US", Province: "CA", City: "LA", Detail: "1"}, false, []string{"a.country unknown_value"}},
		{"postcode", Address{Province: "广东省", City: "深圳市", District: "南山区", Detail: "1", Postcode: "5180x"}, true, []string{"a.postcode not_a_postcode"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &problems{}
			got := p.address("a", tt.typed)
			var wrong []string
			for _, problem := range p.list {
				wrong = append(wrong, problem.Field+" "+problem.Code)
			}
			require.Equal(t, tt.wrong, wrong)
			facts := facts(orders.Contact{ShipTo: orders.Consignee{Address: got}})
			require.Equal(t, tt.known, facts.KnownDistrict)
		})
	}
}

func TestTextIsKeptExceptWhatDeceives(t *testing.T) {
	t.Parallel()
	kept, problem := Text("f", " <b>e\u0301\u3000'; DROP TABLE</b> 👨‍👩‍👧 ", 100)
	require.Nil(t, problem)
	require.Equal(t, " <b>\u00e9\u3000'; DROP TABLE</b> 👨‍👩‍👧 ", kept)
	for typed, code := range map[string]string{
		"a\x00b": CodeControl, "a\nb": CodeControl, "a\u0085b": CodeControl, "a\u202eb": CodeBidi, "a\u2066b": CodeBidi, "a\u200fb": CodeBidi,
		"\xff": CodeNotUTF8, "中文字": CodeTooLong,
	} {
		_, problem := Text("f", typed, 3)
		if code == CodeTooLong {
			_, problem = Text("f", typed, 2)
		}
		require.NotNil(t, problem, "%q", typed)
		require.Equal(t, code, problem.Code, "%q", typed)
	}
	_, problem = Text("f", "a\u2028b", 3)
	require.Equal(t, CodeControl, problem.Code)
	_, problem = Paragraphs("f", "one\ntwo\tthree\u2029four", 100)
	require.Nil(t, problem)
}

func TestATextThatNobodySeesIsBlank(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"", " \u3000\t", "\u200b", "\ufeff\u2060", "\u3164", "\u2800\u00ad", "\ufe0f"} {
		require.True(t, Blank(typed), "%q", typed)
	}
	for _, typed := range []string{"李", "\u200b李", "\x00", ".", "👨‍👩‍👧"} {
		require.False(t, Blank(typed), "%q", typed)
	}
}

func TestOrdersAreLookedUpByAPhoneAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"8000": "8000", "８０００": "8000", "138 0013 8000": "+8613800138000", "１３８００１３８０００": "+8613800138000",
		"0755-26001234": "+8675526001234", "0755-26001234-801": "+8675526001234;801", "26001234": "26001234", "0013－8000": "00138000",
	} {
		got, ok := PhoneEnding(typed)
		require.True(t, ok, typed)
		require.Equal(t, want, got, typed)
	}
	for _, typed := range []string{"123", "call-me", "1234567890123456789012345678901", "١٢٣٤"} {
		_, ok := PhoneEnding(typed)
		require.False(t, ok, typed)
	}
}
