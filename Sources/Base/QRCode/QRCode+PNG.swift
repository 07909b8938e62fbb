extension QRCode {
    /// The most pixels of a module in a PNG picture.
    public static let pngModuleSizeMax = 64

    /// The symbol with its quiet zone as a PNG picture, one bit a pixel.
    ///
    /// Nothing is compressed, so no library is needed: a connection's code of 4 pixels a module takes about 10 KB.
    /// Standard: [PNG, third edition](https://www.w3.org/TR/png-3/).
    ///
    /// - Parameter moduleSize: width and height of a module in pixels, 1 to ``pngModuleSizeMax``; others are brought in.
    public func png(moduleSize: Int = 4) -> [UInt8] {
        let scale = min(max(moduleSize, 1), Self.pngModuleSizeMax)
        let side = (size + 2 * Self.quietZoneModules) * scale
        var out: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        // Greyscale of one bit: 1 is light.
        Self.append("IHDR", Self.word(side) + Self.word(side) + [1, 0, 0, 0, 0], to: &out)
        Self.append("IDAT", Self.zlib(rows(side: side, scale: scale)), to: &out)
        Self.append("IEND", [], to: &out)
        return out
    }

    /// Every row of pixels behind the number of its filter, which is none.
    private func rows(side: Int, scale: Int) -> [UInt8] {
        let rowBytes = (side + 7) / 8
        var pixels: [UInt8] = []
        pixels.reserveCapacity((rowBytes + 1) * side)
        for row in 0..<(size + 2 * Self.quietZoneModules) {
            var line = [UInt8](repeating: 0xFF, count: rowBytes)
            for x in 0..<side where isDark(row - Self.quietZoneModules, x / scale - Self.quietZoneModules) {
                line[x / 8] &= ~(0x80 >> UInt8(x % 8))
            }
            for _ in 0..<scale { pixels += [0] + line }
        }
        return pixels
    }

    /// A zlib stream of stored blocks ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950), 1951).
    private static func zlib(_ data: [UInt8]) -> [UInt8] {
        let blockBytesMax = 65_535
        var out: [UInt8] = [0x78, 0x01]
        var start = 0
        repeat {
            let end = min(start + blockBytesMax, data.count)
            let count = end - start
            let (low, high) = (UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8))
            out += [end == data.count ? 1 : 0, low, high, ~low, ~high]
            out += data[start..<end]
            start = end
        } while start < data.count
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in data {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return out + word(Int(b << 16 | a))
    }

    /// Length, name, data and checksum.
    private static func append(_ name: String, _ data: [UInt8], to out: inout [UInt8]) {
        let body = Array(name.utf8) + data
        out += word(data.count) + body + word(Int(crc32(body)))
    }

    private static func word(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func crc32(_ data: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in data {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
