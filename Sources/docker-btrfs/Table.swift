import Basics

/// Rows with their columns aligned, the last one ragged. What is from outside is safe to print. `colour` is asked for each cell.
func table(
    _ cells: [[String]], _ colours: Colours = .current, _ colour: (_ row: Int, _ column: Int) -> Colour? = { _, _ in nil }
) -> String {
    let rows = cells.map { $0.map { display($0.utf8) } }
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.enumerated().map { number, row in
        row.enumerated().map { column, cell in
            let gap = column == row.count - 1 ? 0 : widths[column] - cell.count + 2
            return colours.paint(cell, colour(number, column)) + String(repeating: " ", count: gap)
        }.joined()
    }.joined(separator: "\n")
}
