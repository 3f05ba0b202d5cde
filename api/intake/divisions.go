package intake

import (
	_ "embed"
	"strings"
	"sync"
)

// divisionsFile is described in its first lines.
//
//go:embed divisions.txt
var divisionsFile string

// divisions maps a province's and a city's short names to the names of the city's districts.
type divisions map[string]map[string]map[string]bool

var readDivisions = sync.OnceValue(func() divisions {
	all, province := divisions{}, ""
	for line := range strings.Lines(divisionsFile) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case !strings.HasPrefix(line, "\t"):
			province = short(line)
			all[province] = map[string]map[string]bool{}
		default:
			cells := strings.Split(line[1:], "\t")
			all.add(province, cells[0], strings.Fields(cells[1]))
		}
	}
	return all
})

// add files a city under its names. What stands directly under a province (县级市 of 湖北, the whole of 北京 and 香港)
// is also a city of its own, or belongs to a city that is named as the province is.
func (d divisions) add(province, city string, names []string) {
	d.file(province, short(city), names)
	switch {
	case strings.HasSuffix(city, "直辖县级行政区划"):
		for _, name := range names {
			d.file(province, short(name), nil)
		}
	case city == "市辖区", city == "县", province == "香港", province == "澳门":
		d.file(province, province, names)
	}
}

func (d divisions) file(province, city string, names []string) {
	if d[province][city] == nil {
		d[province][city] = map[string]bool{}
	}
	for _, name := range names {
		d[province][city][short(name)] = true
	}
}

// knownDistrict tells whether the list of divisions has the address's district. Cities without districts (东莞, 中山,
// 县级市 under a province) and 港澳台 are known without one.
func knownDistrict(province, city, district string) bool {
	province, city, district = short(province), short(city), short(district)
	names, ok := readDivisions()[province][city]
	if !ok {
		return false
	}
	if district == "" {
		return withoutDistricts[province] || withoutDistricts[city] || len(names) == 0
	}
	return names[district] || len(names) == 0 || withoutDistricts[city]
}

var withoutDistricts = map[string]bool{
	"东莞": true, "中山": true, "儋州": true, "嘉峪关": true, "香港": true, "澳门": true, "台湾": true,
}

var endings = []string{
	"特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "自治州", "自治县", "地区", "省", "市", "区", "县", "盟",
}

// short leaves out the kind of division, so that 广东 and 广东省 are one.
func short(name string) string {
	name = strings.TrimSpace(name)
	if name == "市辖区" || name == "县" {
		return name
	}
	for _, ending := range endings {
		if rest := strings.TrimSuffix(name, ending); rest != name && len([]rune(rest)) >= 2 {
			return rest
		}
	}
	return name
}
