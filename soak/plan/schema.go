package plan

import (
	"encoding/json"
	"regexp"
)

// durations is what a duration looks like, for the parser and the schema.
var durations = regexp.MustCompile(`^-?([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`)

type schema map[string]any

// Schema is the JSON Schema (draft 2020-12) of a file, for editors. It is looser
// than Parse where a flag has more to say of a value.
func Schema(settings []Key) ([]byte, error) {
	s := mappingOf(Keys(settings))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "a scenario of hermes-soak"
	return json.MarshalIndent(s, "", "  ")
}

func mappingOf(keys []Key) schema {
	properties := schema{}
	for _, k := range keys {
		s := k.schema()
		s["description"] = k.About
		properties[k.Name] = s
	}
	return schema{"type": "object", "additionalProperties": false, "properties": properties}
}

// schema is what a key allows.
func (k Key) schema() schema {
	text := schema{"type": []string{"string", "number"}}
	if len(k.Choices) > 0 {
		text = schema{"enum": k.Choices}
	}
	switch k.Kind {
	case Whole:
		return schema{"type": "integer"}
	case Number:
		return schema{"type": "number"}
	case Bool:
		return schema{"type": "boolean"}
	case Duration:
		return schema{"type": "string", "pattern": durations.String()}
	case Texts:
		return schema{"anyOf": []schema{text, {"type": "array", "minItems": 1, "items": text}}}
	case Specs:
		one := schema{"anyOf": k.variants()}
		return schema{"anyOf": []schema{one, {"type": "array", "minItems": 1, "items": one}}}
	case Headers:
		return schema{"type": "object", "additionalProperties": text}
	case Object:
		return mappingOf(k.Keys)
	case Requests:
		request := mappingOf(k.Keys)
		request["required"] = []string{"path"}
		path := schema{"type": "string", "pattern": "^([A-Z]+ )?/"}
		return schema{"type": "array", "minItems": 1, "items": schema{"anyOf": []schema{path, request}}}
	}
	return text
}

// variants are what one of Specs may be: a text, or a mapping of one of the kinds.
func (k Key) variants() []schema {
	all := []schema{{"type": "string"}}
	for _, v := range k.Variants {
		properties := schema{kindKey: schema{"const": v.Name}}
		for _, name := range v.Keys {
			properties[name] = schema{"type": []string{"string", "number"}}
		}
		all = append(all, schema{"type": "object", "additionalProperties": false, "required": []string{kindKey}, "properties": properties})
	}
	return all
}
