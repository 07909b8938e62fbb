extension QRCode {
    /// The symbol with its quiet zone as lines of text, two rows of modules a line.
    ///
    /// Half blocks are about as wide as high, so the symbol comes out square. Every line ends with a newline and has
    /// `size + 8` characters.
    ///
    /// - Parameter inverted: `false` draws the light modules, which is right where letters are light on dark; `true`
    ///   draws the dark ones, for letters that are dark on light. Many readers refuse the wrong one.
    public func terminalText(inverted: Bool = false) -> String {
        let first = -Self.quietZoneModules
        let end = size + Self.quietZoneModules
        var text = ""
        for row in stride(from: first, to: end, by: 2) {
            for column in first..<end {
                let upper = isDark(row, column) == inverted
                // The number of rows is odd: below the last one is nothing, whatever the colours are.
                let lower = row + 1 < end && isDark(row + 1, column) == inverted
                switch (upper, lower) {
                case (true, true): text += "█"
                case (true, false): text += "▀"
                case (false, true): text += "▄"
                case (false, false): text += " "
                }
            }
            text += "\n"
        }
        return text
    }

    /// The symbol with its quiet zone as an SVG document: a light square, and one path for all dark modules.
    ///
    /// Edges are drawn without smoothing, so that neighbouring modules leave no gap at any scale.
    ///
    /// - Parameter moduleSize: width and height of a module in CSS pixels, at least 1.
    public func svg(moduleSize: Int = 4) -> String {
        precondition(moduleSize >= 1, "a module is at least one pixel wide")
        let side = size + 2 * Self.quietZoneModules
        let (pixels, overflows) = side.multipliedReportingOverflow(by: moduleSize)
        precondition(!overflows, "the picture is too large to write its size down")
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(pixels)" height="\(pixels)" \
            viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">\
            <path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path d="\(darkPath)"/></svg>
            """
    }

    /// Every run of dark modules in a row as a rectangle one module high.
    private var darkPath: String {
        var path = ""
        for row in 0..<size {
            var column = 0
            while column < size {
                guard isDark(row, column) else {
                    column += 1
                    continue
                }
                var end = column
                while isDark(row, end) { end += 1 }
                let left = column + Self.quietZoneModules
                path += "M\(left) \(row + Self.quietZoneModules)h\(end - column)v1H\(left)z"
                column = end
            }
        }
        return path
    }
}
