package messages_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"amends/api/intake"
	"amends/api/messages"
	"amends/orders"
)

func catalogue(t *testing.T, locale string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(locale + ".json")
	require.NoError(t, err)
	sentences := map[string]string{}
	require.NoError(t, json.Unmarshal(data, &sentences))
	return sentences
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	chinese, english := catalogue(t, messages.Chinese), catalogue(t, messages.English)
	place := regexp.MustCompile(`\{\d`)
	places := func(sentence string) []string {
		found := place.FindAllString(sentence, -1)
		sort.Strings(found)
		return found
	}
	for code, sentence := range chinese {
		require.NotEmpty(t, english[code], code)
		require.Equal(t, places(sentence), places(english[code]), code)
		require.Regexp(t, `\p{Han}|、`, sentence, code)
	}
	for code, sentence := range english {
		require.NotEmpty(t, chinese[code], code)
		require.NotRegexp(t, `\p{Han}`, sentence, code)
	}
}

// codesOf finds the codes that package orders refuses with: its Code constants and what it passes to invalid.
func codesOf(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../orders/*.go")
	require.NoError(t, err)
	var codes []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if strings.HasPrefix(n.Names[0].Name, "Code") && len(n.Values) == 1 {
					codes = append(codes, literals(n.Values[0])...)
				}
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.Ident); ok && called.Name == "invalid" && len(n.Args) > 1 {
					codes = append(codes, literals(n.Args[1])...)
				}
			}
			return true
		})
	}
	return codes
}

func literals(e ast.Expr) []string {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return nil
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		return nil
	}
	return []string{value}
}

func TestEveryCodeHasASentence(t *testing.T) {
	t.Parallel()
	codes := codesOf(t)
	require.Greater(t, len(codes), 15)
	for _, code := range append(codes, intake.Codes()...) {
		require.True(t, messages.Has(code), code)
	}
}

// constantsOf finds the values of the constants of package orders whose names begin with the prefix.
func constantsOf(t *testing.T, prefix string) []string {
	t.Helper()
	files, err := filepath.Glob("../../orders/*.go")
	require.NoError(t, err)
	var values []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, prefix) && len(spec.Values) == 1 {
				values = append(values, literals(spec.Values[0])...)
			}
			return true
		})
	}
	return values
}

func TestEveryFindingAndReasonHasASentence(t *testing.T) {
	t.Parallel()
	for kind, codes := range map[string][]string{
		"finding":  constantsOf(t, "Finding"),
		"reason":   slices.Concat(constantsOf(t, "Reason"), constantsOf(t, "Refused"), []string{orders.CodeInternal}),
		"incident": {orders.CodeUnreadable, orders.CodePersonalData, orders.EventCancelAsked, "label_unknown_parcel", "message_undeliverable"},
	} {
		require.Greater(t, len(codes), 3, kind)
		for _, code := range codes {
			require.True(t, messages.Has(kind+"."+code), "%s %s", kind, code)
		}
		require.Contains(t, messages.About("en", kind, "never_heard_of"), "never_heard_of")
		require.Contains(t, messages.About("zh-CN", kind, "never_heard_of"), "never_heard_of")
	}
	for _, why := range []string{"late", "repeated", "unknown_status", "cancelled_parcel", orders.NotedUnknownParcel} {
		require.True(t, messages.Has("finding.carrier_event_"+why), why)
	}
}

// advised finds what plans warn of and offer: the codes of findings where plans are made, and what is passed to offer.
func advised(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../../orders/plan*.go")
	require.NoError(t, err)
	codes := map[string][]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
					codes["warning"] = append(codes["warning"], literals(n.Value)...)
				}
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.Ident); ok && called.Name == "offer" {
					codes["alternative"] = append(codes["alternative"], literals(n.Args[0])...)
				}
			}
			return true
		})
	}
	return codes
}

func TestEveryWarningAndAlternativeOfAPlanHasASentence(t *testing.T) {
	t.Parallel()
	for kind, codes := range advised(t) {
		require.Greater(t, len(codes), 2, kind)
		for _, code := range codes {
			require.True(t, messages.Has(kind+"."+code), "%s %s", kind, code)
		}
		require.Contains(t, messages.About("en", kind, "never_heard_of"), "never_heard_of")
		require.Contains(t, messages.About("zh-CN", kind, "never_heard_of"), "never_heard_of")
	}
}

func TestChineseSentencesHaveChinesePunctuation(t *testing.T) {
	t.Parallel()
	half := regexp.MustCompile(`\p{Han}[,;:!?()]|[,;!?()]\p{Han}`)
	for code, sentence := range catalogue(t, messages.Chinese) {
		require.NotRegexp(t, half, sentence, code)
	}
}

func TestEveryStageAndCommandHasAWord(t *testing.T) {
	t.Parallel()
	for _, stage := range orders.Stages() {
		require.True(t, messages.Has("stage."+string(stage)), stage)
	}
	for _, command := range append(orders.CommandNames(), orders.CmdCreate) {
		require.True(t, messages.Has("command."+command), command)
		require.True(t, command == orders.CmdCreate || messages.Has("done."+command), command)
	}
}

func TestSentencesNameWhatIsPossibleInstead(t *testing.T) {
	t.Parallel()
	require.Equal(t, "The order is sent back, so it cannot be shipped. What is possible now: resubmit, reject.",
		messages.Sentence("en", orders.CodeWrongStage, "ship", "sent_back", "resubmit,reject"))
	require.Equal(t, "订单现在是「已驳回待修改」，不能配货发运。此时可以：重新提交、剔除。",
		messages.Sentence("zh-CN", orders.CodeWrongStage, "ship", "sent_back", "resubmit,reject"))
	require.Contains(t, messages.Sentence("en", "never_heard_of"), "never_heard_of")
	require.Equal(t, "There is no such product: {1}.", messages.Sentence("en", "unknown_sku", "{1}", "x"))
}

func TestTheLanguageFollowsTheHeader(t *testing.T) {
	t.Parallel()
	for header, locale := range map[string]string{
		"": messages.Chinese, "en": messages.English, "en-GB,en;q=0.9": messages.English, "zh-CN,zh;q=0.9,en;q=0.8": messages.Chinese,
		"zh": messages.Chinese, "fr": messages.English, "fr, en;q=0.5": messages.English, ";;;": messages.Chinese,
		strings.Repeat("en,", 500): messages.Chinese,
	} {
		require.Equal(t, locale, messages.Locale(header), header)
	}
}
