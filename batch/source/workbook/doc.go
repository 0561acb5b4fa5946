// Package workbook reads a sheet of an Excel workbook (.xlsx) as the lines of a
// CSV file: line N is row N of the sheet, and the cells are separated by commas.
// What reads CSV then reads workbooks, too.
//
// Cells become text by their types. A text is given as it stands, so that zeros
// in front of an id stay. A number is given in full while it has no more than the
// 15 digits that a spreadsheet keeps; one with more has lost digits, and is given
// in scientific notation, which no id has. A date is given as 2006/01/02.
//
// Memory does not grow with the sheet: the shared texts of a workbook, which may
// be all of its ids, stand in a temporary file.
package workbook
