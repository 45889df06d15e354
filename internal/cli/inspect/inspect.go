// Package inspect prints objects of the API as they are: as JSON, or through a person's template.
package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/template"

	"github.com/docker/cli/templates"

	"tug/internal/cli/session"
)

// exitBadTemplate is docker's exit code for a template that cannot be parsed.
const exitBadTemplate = 64

// Object is one answer of the daemon: decoded, and as it came. The latter may have fields that the
// former's type does not know.
type Object struct {
	Value any
	Raw   json.RawMessage
}

// Show finds each ref and prints it: indented JSON in one array if format is "", one line of JSON if it is
// "json", and otherwise a line through the template. What cannot be found is in the error; the rest is
// printed all the same.
func Show(out io.Writer, refs []string, format string, find func(ref string) (Object, error)) error {
	printer, err := newPrinter(format)
	if err != nil {
		return session.Status{Code: exitBadTemplate, Err: err}
	}
	var errs []error
	for _, ref := range refs {
		object, err := find(ref)
		if err == nil {
			err = printer.add(object)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if err := printer.flush(out); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// printer collects what is printed at the end.
type printer interface {
	add(o Object) error
	flush(out io.Writer) error
}

func newPrinter(format string) (printer, error) {
	switch format {
	case "":
		return &jsonPrinter{layout: func(dst *bytes.Buffer, src []byte) error { return json.Indent(dst, src, "", "    ") }}, nil
	case "json":
		return &jsonPrinter{layout: json.Compact}, nil
	}
	parsed, err := templates.Parse(format)
	if err != nil {
		return nil, fmt.Errorf("template parsing error: %w", err)
	}
	return &templatePrinter{template: parsed}, nil
}

// jsonPrinter prints an array.
type jsonPrinter struct {
	layout  func(dst *bytes.Buffer, src []byte) error
	objects []json.RawMessage
}

func (p *jsonPrinter) add(o Object) error {
	if o.Raw == nil {
		encoded, err := json.Marshal(o.Value)
		if err != nil {
			return err
		}
		o.Raw = encoded
	}
	p.objects = append(p.objects, o.Raw)
	return nil
}

func (p *jsonPrinter) flush(out io.Writer) error {
	if len(p.objects) == 0 {
		_, err := io.WriteString(out, "[]\n")
		return err
	}
	// Joined by hand: encoding the array anew would escape characters that the daemon did not.
	array := append([]byte{'['}, bytes.Join(bytesOf(p.objects), []byte{','})...)
	array = append(array, ']')
	var laidOut bytes.Buffer
	if err := p.layout(&laidOut, array); err != nil {
		return err
	}
	laidOut.WriteByte('\n')
	_, err := laidOut.WriteTo(out)
	return err
}

func bytesOf(messages []json.RawMessage) [][]byte {
	all := make([][]byte, len(messages))
	for i, m := range messages {
		all[i] = m
	}
	return all
}

// templatePrinter prints a line for each object.
type templatePrinter struct {
	template *template.Template
	lines    bytes.Buffer
}

func (p *templatePrinter) add(o Object) error {
	var line bytes.Buffer
	if err := p.template.Execute(&line, o.Value); err != nil {
		if o.Raw == nil {
			return fmt.Errorf("template parsing error: %w", err)
		}
		// A field that the type lacks may be in the answer itself.
		line.Reset()
		if err := p.executeRaw(&line, o.Raw); err != nil {
			return err
		}
	}
	line.WriteByte('\n')
	_, err := line.WriteTo(&p.lines)
	return err
}

func (p *templatePrinter) executeRaw(line io.Writer, raw json.RawMessage) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return fmt.Errorf("unable to read inspect data: %w", err)
	}
	if err := p.template.Option("missingkey=error").Execute(line, value); err != nil {
		return fmt.Errorf("template parsing error: %w", err)
	}
	return nil
}

func (p *templatePrinter) flush(out io.Writer) error {
	if p.lines.Len() == 0 {
		_, err := io.WriteString(out, "\n")
		return err
	}
	_, err := p.lines.WriteTo(out)
	return err
}
