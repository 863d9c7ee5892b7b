package load

import "bytes"

// longestArray is the length of the longest array at the top of doc, which is valid
// JSON: doc itself, or a value of the object that it is. It is -1 where there is none.
// It looks at every byte once and recurses nowhere.
func longestArray(doc []byte) (longest int) {
	longest = -1
	top := bytes.TrimLeft(doc, jsonSpace)
	inObject := len(top) > 0 && top[0] == '{'
	depth, list, items := 0, 0, 0 // list is the depth in the array that is counted, 0 outside
	for i := 0; i < len(doc); i++ {
		switch doc[i] {
		case '"':
			i += stringEnd(doc[i+1:]) + 1
		case '{':
			depth++
		case '[':
			depth++
			if depth == 1 || depth == 2 && inObject {
				list, items = depth, 1
				if next := bytes.TrimLeft(doc[i+1:], jsonSpace); next[0] == ']' {
					items = 0
				}
			}
		case '}', ']':
			if depth == list {
				longest, list = max(longest, items), 0
			}
			depth--
		case ',':
			if depth == list {
				items++
			}
		}
	}
	return longest
}

const jsonSpace = " \t\r\n"

// stringEnd is where the quote is that ends the string whose inside b begins with.
func stringEnd(b []byte) (end int) {
	for {
		end += bytes.IndexByte(b[end:], '"')
		escapes := end - len(bytes.TrimRight(b[:end], `\`))
		if escapes%2 == 0 {
			return end
		}
		end++
	}
}
