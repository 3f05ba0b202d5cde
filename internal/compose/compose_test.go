package compose_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const root = "../../"

// chosen are the variables that a person must set; the file gives the rest.
var chosen = []string{
	"POSTGRES_PASSWORD=p0", "AMENDS_OWNER_PASSWORD=p1", "AMENDS_APP_PASSWORD=p2", "TEMPORAL_DB_PASSWORD=p3",
	"AMENDS_WEBHOOK_SECRET=s", "AMENDS_COMMAND_KEY=k", "AMENDS_PAYMENTS_URL=http://payments", "AMENDS_CARRIER_URL=http://carrier",
	"AMENDS_SUPPLIER_URL=http://supplier", "AMENDS_SMS_URL=http://sms",
}

// needed are the variables that every process of the product reads.
var needed = []string{
	"AMENDS_DATABASE_URL", "AMENDS_HTTP_ADDR", "AMENDS_PUBLIC_URL", "AMENDS_TEMPORAL_UI_URL", "AMENDS_PAYMENTS_URL",
	"AMENDS_CARRIER_URL", "AMENDS_SUPPLIER_URL", "AMENDS_SMS_URL", "AMENDS_SMTP_ADDR", "AMENDS_WEBHOOK_SECRET", "AMENDS_COMMAND_KEY",
	"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE",
}

func load(t *testing.T, env []string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{root + "docker-compose.yml"}, cli.WithEnv(env))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(t.Context())
}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := load(t, chosen)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryServiceCanBeHadAndEveryDependencyExists(t *testing.T) {
	p := project(t)
	for name, service := range p.Services {
		if service.Image == "" && service.Build == nil {
			t.Errorf("%s has neither image nor build", name)
		}
		if service.Build == nil && !regexp.MustCompile(`^[a-z/-]+:v?\d+`).MatchString(service.Image) {
			t.Errorf("%s: image %q names no version", name, service.Image)
		}
		for dependency := range service.DependsOn {
			if _, ok := p.Services[dependency]; !ok {
				t.Errorf("%s depends on %s, which does not exist", name, dependency)
			}
		}
	}
}

func TestPortsArePublishedOnTheLoopbackOnly(t *testing.T) {
	published := map[string]string{}
	for name, service := range project(t).Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes %s on %q", name, port.Published, port.HostIP)
			}
			if other, taken := published[port.Published]; taken {
				t.Errorf("%s and %s both publish %s", name, other, port.Published)
			}
			published[port.Published] = name
		}
	}
}

func TestTheProductGetsEveryVariableItReads(t *testing.T) {
	p := project(t)
	for _, name := range []string{"migrate", "worker", "api"} {
		service := p.Services[name]
		for _, variable := range needed {
			if value := service.Environment[variable]; value == nil || *value == "" {
				t.Errorf("%s lacks %s", name, variable)
			}
		}
	}
	if owner := p.Services["migrate"].Environment["AMENDS_OWNER_DATABASE_URL"]; owner == nil || *owner == "" {
		t.Error("migrate lacks AMENDS_OWNER_DATABASE_URL")
	}
	for _, name := range []string{"worker", "api"} {
		if _, ok := p.Services[name].Environment["AMENDS_OWNER_DATABASE_URL"]; ok {
			t.Errorf("%s has the owner's rights on the database", name)
		}
	}
}

func TestAMissingSecretIsNamed(t *testing.T) {
	for _, setting := range chosen {
		name, _, _ := strings.Cut(setting, "=")
		env := slices.DeleteFunc(slices.Clone(chosen), func(s string) bool { return s == setting })
		if _, err := load(t, env); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestTheImageBuildsTheBinariesThatServicesRun(t *testing.T) {
	text, err := os.ReadFile(root + "Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"migrate", "worker", "api"} {
		service := project(t).Services[name]
		if service.Build == nil || service.Build.Context == "" {
			t.Fatalf("%s is not built from the Dockerfile", name)
		}
		binary := strings.TrimPrefix(service.Command[0], "/bin/")
		if !strings.Contains(string(text), "./"+binary) {
			t.Errorf("%s runs %s, which the Dockerfile does not build", name, binary)
		}
	}
}

// The embedded server registers the same search attributes in its own module.
func TestBothServersRegisterTheSameSearchAttributes(t *testing.T) {
	source, err := os.ReadFile(root + "devstack/namespace.go")
	if err != nil {
		t.Fatal(err)
	}
	script := strings.Join(project(t).Services["temporal-namespace"].Command, "\n")
	found := regexp.MustCompile(`"(\w+)":\s+enums\.INDEXED_VALUE_TYPE_(\w+),`).FindAllStringSubmatch(string(source), -1)
	if len(found) == 0 {
		t.Fatal("no search attributes in the embedded server's source")
	}
	for _, attribute := range found {
		kind := strings.ReplaceAll(attribute[2], "_", "")
		line := regexp.MustCompile(`(?im)^` + attribute[1] + " " + kind + `$`)
		if !line.MatchString(script) {
			t.Errorf("docker-compose.yml does not register %s as %s", attribute[1], kind)
		}
	}
	if lines := regexp.MustCompile(`(?m)^[A-Z]\w+ [A-Z]\w+$`).FindAllString(script, -1); len(lines) != len(found) {
		t.Errorf("docker-compose.yml registers %d search attributes, the embedded server %d", len(lines), len(found))
	}
}
