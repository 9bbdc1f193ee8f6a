// Verify checks an audit trail with Go's own transparency log packages: that the tree is the signed one,
// and that entries and earlier checkpoints are the tree's. What the entries say it leaves alone.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func need(ok bool, format string, args ...any) {
	if !ok {
		fmt.Fprintf(os.Stderr, "not whole: "+format+"\n", args...)
		os.Exit(1)
	}
}

func must[T any](value T, err error) T {
	need(err == nil, "%v", err)
	return value
}

// unbase64 refuses what base64.StdEncoding forgives: stray bits and line breaks.
func unbase64(s string) []byte {
	raw := must(base64.StdEncoding.DecodeString(s))
	need(base64.StdEncoding.EncodeToString(raw) == s, "base64 is not strict: %q", s)
	return raw
}

func hash(s string) (h tlog.Hash) {
	raw := unbase64(s)
	need(copy(h[:], raw) == len(raw) && len(raw) == len(h), "hash is not of 32 bytes: %q", s)
	return h
}

func decimal(s string) int64 {
	n := must(strconv.ParseInt(s, 10, 64))
	need(n >= 0 && strconv.FormatInt(n, 10) == s, "not a decimal: %q", s)
	return n
}

func checkpoint(msg []byte, keys []note.Verifier) tlog.Tree {
	n := must(note.Open(msg, note.VerifierList(keys...)))
	for _, sig := range append(n.Sigs, n.UnverifiedSigs...) {
		unbase64(sig.Base64)
	}
	lines := strings.Split(n.Text, "\n")
	need(len(lines) == 4 && lines[0] == n.Sigs[0].Name, "not a checkpoint of the key's log: %q", n.Text)
	tree := tlog.Tree{N: decimal(lines[1]), Hash: hash(lines[2])}
	need(tree.N < 1<<62, "size %d: tlog's sums overflow", tree.N)
	return tree
}

// tiles reads an export's tile folder, and remembers what it read.
type tiles struct {
	dir  string
	seen map[string]bool
}

// read knows the paths of C2SP: those of tlog.Tile.Path have the height in them too.
func (t tiles) read(kind string, n int64, width int) []byte {
	path := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if width < 256 {
		path += fmt.Sprintf(".p/%d", width)
	}
	path = filepath.Join(t.dir, kind, path)
	t.seen[path] = true
	return must(os.ReadFile(path))
}

// width is that of the n'th tile over count hashes or entries.
func width(count, n int64) int {
	if count-n*256 < 256 {
		return int(count - n*256)
	}
	return 256
}

// cutEntry gives the first entry of a bundle, empty where it was removed, and what is behind it.
func cutEntry(bundle []byte) (entry, rest []byte) {
	need(len(bundle) >= 2, "entry bundle cut short")
	end := 2 + int(bundle[0])<<8 + int(bundle[1])
	need(len(bundle) >= end, "entry bundle cut short")
	return bundle[2:end], bundle[end:]
}

func rootAt(n int64, hashes tlog.HashReader) tlog.Hash {
	if n == 0 {
		return sha256.Sum256(nil) // tlog has zeros
	}
	return must(tlog.TreeHash(n, hashes))
}

// verifyExport grows the tree from the entries and then compares the tiles. It does not lean on tlog.TileHashReader,
// which before x/mod 0.40 leaves some tiles unproven (CVE-2026-56865); Debian has 0.7.
func verifyExport(dir string, keys []note.Verifier) {
	head := checkpoint(must(os.ReadFile(filepath.Join(dir, "checkpoint"))), keys)
	files := tiles{filepath.Join(dir, "tile"), map[string]bool{}}
	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(indexes []int64) (found []tlog.Hash, _ error) {
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	redacted := 0
	for n := int64(0); n*256 < head.N; n++ {
		wide := width(head.N, n)
		leaves, bundle := files.read("0", n, wide), files.read("entries", n, wide)
		need(len(leaves) == wide*tlog.HashSize, "tile 0/%d: wrong length", n)
		for i := 0; i < wide; i++ {
			var entry []byte
			var leaf tlog.Hash
			entry, bundle = cutEntry(bundle)
			copy(leaf[:], leaves[i*tlog.HashSize:])
			if len(entry) == 0 {
				redacted++
			} else {
				leaf = tlog.RecordHash(entry)
			}
			stored = append(stored, must(tlog.StoredHashesForRecordHash(n*256+int64(i), leaf, hashes))...)
		}
		need(len(bundle) == 0, "entry bundle %d: longer than its entries", n)
	}
	need(rootAt(head.N, hashes) == head.Hash, "root is not the tree's")
	for level, count := 0, head.N; count > 0; level, count = level+1, count/256 {
		for n := int64(0); n*256 < count; n++ {
			tile := tlog.Tile{H: 8, L: level, N: n, W: width(count, n)}
			data := files.read(strconv.Itoa(level), n, tile.W)
			need(bytes.Equal(data, must(tlog.ReadTileData(tile, hashes))), "%s: not the tree's hashes", tile.Path())
		}
	}
	for _, path := range must(filepath.Glob(filepath.Join(dir, "checkpoints", "*"))) {
		old := checkpoint(must(os.ReadFile(path)), keys)
		need(decimal(filepath.Base(path)) == old.N && old.N <= head.N, "%s: is of size %d", path, old.N)
		need(rootAt(old.N, hashes) == old.Hash, "%s: root is not the tree's at its size", path)
	}
	_ = filepath.WalkDir(files.dir, func(path string, f fs.DirEntry, err error) error {
		need(err != nil || f.IsDir() || files.seen[path], "%s: not asked for by the size", path)
		return err
	})
	fmt.Printf("size %d, root %v, redacted %d\n", head.N, head.Hash, redacted)
}

var proofForm = regexp.MustCompile(`^c2sp\.org/tlog-proof@v1\nextra (.+)\nindex (.+)\n((?:.+\n)*)\n((?s).*)$`)

func verifyProof(path string, keys []note.Verifier) {
	form := proofForm.FindStringSubmatch(string(must(os.ReadFile(path))))
	need(form != nil, "not a proof file with the entry in it")
	var proof tlog.RecordProof
	for _, line := range strings.Split(form[3], "\n") {
		if line != "" {
			proof = append(proof, hash(line))
		}
	}
	head, index, leaf := checkpoint([]byte(form[4]), keys), decimal(form[2]), tlog.RecordHash(unbase64(form[1]))
	err := tlog.CheckRecord(proof, head.N, head.Hash, index, leaf)
	need(err == nil, "entry %d: %v", index, err)
	fmt.Printf("entry %d of %d, root %v\n", index, head.N, head.Hash)
}

func main() {
	if len(os.Args) < 4 || os.Args[1] != "export" && os.Args[1] != "proof" {
		fmt.Fprintln(os.Stderr, "usage: verify export DIR VKEY... | verify proof FILE VKEY...")
		os.Exit(2)
	}
	var keys []note.Verifier
	for _, text := range os.Args[3:] {
		keys = append(keys, must(note.NewVerifier(text)))
		need(keys[0].Name() == keys[len(keys)-1].Name(), "keys of two logs")
	}
	if os.Args[1] == "export" {
		verifyExport(os.Args[2], keys)
	} else {
		verifyProof(os.Args[2], keys)
	}
}
