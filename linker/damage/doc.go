// Package damage recognizes what spreadsheets do to ids: scientific notation,
// rounded digits, dates, errors of formulas.
package damage
