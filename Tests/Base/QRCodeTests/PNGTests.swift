import QRCode
import Testing

struct PNGTests {
    /// The chunks of a PNG picture by name; their lengths lead from one to the next.
    private func chunks(_ png: [UInt8]) throws -> [(name: String, data: [UInt8], checksum: [UInt8])] {
        #expect(png.prefix(8).elementsEqual([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        var found: [(name: String, data: [UInt8], checksum: [UInt8])] = []
        var at = 8
        while at < png.count {
            let length = png[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = at + 8 + length
            try #require(end + 4 <= png.count)
            found.append(
                (
                    String(decoding: png[at + 4..<at + 8], as: UTF8.self), Array(png[at + 8..<end]),
                    Array(png[end..<end + 4])
                ))
            at = end + 4
        }
        return found
    }

    /// What is in stored blocks, without the two bytes before and the checksum behind.
    private func unpacked(_ stream: [UInt8]) throws -> [UInt8] {
        var (out, at, isLast): ([UInt8], Int, Bool) = ([], 2, false)
        while !isLast {
            isLast = stream[at] == 1
            let length = Int(stream[at + 1]) | Int(stream[at + 2]) << 8
            #expect(~stream[at + 1] == stream[at + 3] && ~stream[at + 2] == stream[at + 4])
            out += stream[at + 5..<at + 5 + length]
            at += 5 + length
        }
        #expect(at + 4 == stream.count)
        return out
    }

    @Test(arguments: [1, 4, 9]) func `every pixel of a PNG is its module`(scale: Int) throws {
        let code = try QRCode("wc:7f6e504bfad60b485450578e05678ed3e8e8c4751d3c6160be17160d63ec90f9@2")
        let chunks = try chunks(code.png(moduleSize: scale))
        #expect(chunks.map(\.name) == ["IHDR", "IDAT", "IEND"])
        // The checksum of the empty last chunk is in every PNG picture.
        #expect(chunks[2].checksum == [0xAE, 0x42, 0x60, 0x82])
        let side = (code.size + 8) * scale
        #expect(chunks[0].data[2...3].reduce(0) { $0 << 8 | Int($1) } == side)
        #expect(chunks[0].data.suffix(5).elementsEqual([1, 0, 0, 0, 0]))
        let pixels = try unpacked(chunks[1].data)
        let rowBytes = (side + 7) / 8 + 1
        #expect(pixels.count == rowBytes * side)
        var wrong = 0
        for y in 0..<side {
            if pixels[y * rowBytes] != 0 { wrong += 1 }
            for x in 0..<side {
                let isLight = pixels[y * rowBytes + 1 + x / 8] >> UInt8(7 - x % 8) & 1 == 1
                if isLight == code.isDark(y / scale - 4, x / scale - 4) { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }

    @Test func `a module is never without pixels, and never more than a screen`() throws {
        let code = try QRCode("a")
        #expect(code.png(moduleSize: 0) == code.png(moduleSize: 1))
        #expect(code.png(moduleSize: 1000) == code.png(moduleSize: QRCode.pngModuleSizeMax))
    }

    @Test(.enabled(if: Reader.path != nil, Comment(rawValue: Reader.without)))
    func `an independent reader finds the text in a PNG`() throws {
        // The second has more than one stored block.
        for text in ["wc:7f6e50@2?relay-protocol=irn", String(repeating: "0123456789abcdef", count: 40)] {
            let scale = text.count > 100 ? 8 : 4
            #expect(try Reader.read(file: QRCode(text).png(moduleSize: scale), type: "png") == text)
        }
    }
}
