public import Primitives

/// Mnemonic sentences of English words for entropy, and the seed that follows from one.
///
///     let mnemonic = try BIP39.mnemonic(entropy: .random(count: 32))      // 24 words, as secret ASCII text
///     let seed = try BIP39.seed(mnemonic: mnemonic)
///
/// A sentence is as secret as the keys it makes, so it is `SecretBytes` of ASCII text and not a string.
/// Standard: [BIP-39](https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki).
public enum BIP39 {
    /// The sentence for 16, 20, 24, 28 or 32 bytes of entropy: 12 to 24 words with one space between two.
    ///
    /// - Throws: `BIP39Error.wrongEntropyLength`.
    public static func mnemonic(entropy: borrowing SecretBytes) throws(BIP39Error) -> SecretBytes {
        guard isEntropyLength(entropy.count) else { throw .wrongEntropyLength(actual: entropy.count) }
        let checked = withChecksum(entropy)
        let wordCount = entropy.count * 8 * 33 / 32 / 11
        var letters = wordCount - 1
        for position in 0..<wordCount { letters += WordList.length(of: index(at: position, in: checked)) }
        return SecretBytes(count: letters) { out in
            for position in 0..<wordCount {
                if position > 0 { out.append(UInt8(ascii: " ")) }
                WordList.append(index(at: position, in: checked), to: &out)
            }
        }
    }

    /// The entropy of a sentence: lower-case words of the list, one space between two, nothing before or behind.
    ///
    /// - Throws: `BIP39Error.wrongWordCount`, `.unknownWord`, `.wrongChecksum`.
    public static func entropy(mnemonic: borrowing SecretBytes) throws(BIP39Error) -> SecretBytes {
        // 24 words of 8 letters and 23 spaces.
        guard mnemonic.count <= 24 * 8 + 23 else { throw .wrongWordCount }
        var words = 0
        var failure: BIP39Error?
        // 24 words are 264 bits.
        let bits = unsafe SecretBytes(
            count: 33,
            unsafeFill: { out in
                var packed: UInt64 = 0
                var letters = 0
                for offset in 0...mnemonic.count {
                    let isEnd = offset == mnemonic.count
                    let letter = isEnd ? UInt8(ascii: " ") : mnemonic.byte(at: offset)
                    if letter != UInt8(ascii: " ") {
                        // Nine letters push the first one out: no word of the list is as long as that.
                        letters += 1
                        packed = packed << 8 | UInt64(letter)
                        continue
                    }
                    guard words < 24 else {
                        failure = .wrongWordCount
                        return
                    }
                    guard 1...8 ~= letters, let index = WordList.index(of: packed << UInt64(64 - 8 * letters)) else {
                        failure = .unknownWord(at: words)
                        return
                    }
                    for bit in 0..<11 where index >> (10 - bit) & 1 == 1 {
                        let position = words * 11 + bit
                        unsafe out[position >> 3] |= 0x80 >> UInt8(position & 7)
                    }
                    words += 1
                    packed = 0
                    letters = 0
                }
            })
        if let failure { throw failure }
        guard [12, 15, 18, 21, 24].contains(words) else { throw .wrongWordCount }
        let entropyBytes = words * 11 * 32 / 33 / 8
        let entropy = bits.withBytes { SecretBytes(copying: $0.extracting(0..<entropyBytes)) }
        let isIntact = withChecksum(entropy).withBytes { expected in
            bits.withBytes { actual in
                (0...entropyBytes).allSatisfy { expected.byte(at: $0) == actual.byte(at: $0) }
            }
        }
        guard isIntact else { throw .wrongChecksum }
        return entropy
    }

    /// The 64-byte seed of a sentence without a passphrase.
    ///
    /// - Throws: as `entropy(mnemonic:)`: a sentence with a wrong checksum gets no seed.
    public static func seed(mnemonic: borrowing SecretBytes) throws(BIP39Error) -> SecretBytes {
        try seed(mnemonic: mnemonic, passphrase: SecretBytes(copying: []))
    }

    /// The 64-byte seed of a sentence and a passphrase.
    ///
    /// The standard normalises passphrases to Unicode NFKD, which leaves ASCII alone; others are refused here, because the
    /// same characters typed on two systems could otherwise lead to two wallets.
    ///
    /// - Throws: as `entropy(mnemonic:)`, and `BIP39Error.passphraseNotASCII`.
    public static func seed(
        mnemonic: borrowing SecretBytes, passphrase: borrowing SecretBytes
    ) throws(BIP39Error) -> SecretBytes {
        for offset in 0..<passphrase.count where passphrase.byte(at: offset) > 0x7f { throw .passphraseNotASCII }
        _ = try entropy(mnemonic: mnemonic)
        let prefix = Array("mnemonic".utf8)
        let salt = unsafe SecretBytes(
            count: prefix.count + passphrase.count,
            unsafeFill: { out in
                unsafe out.copyBytes(from: prefix.span.bytes)
                passphrase.withBytes { unsafe out.copyBytes(from: $0, at: prefix.count) }
            })
        return mnemonic.withBytes { password in
            salt.withBytes { SecretHMAC512.pbkdf2(password: password, salt: $0, rounds: 2048) }
        }
    }

    private static func isEntropyLength(_ count: Int) -> Bool {
        16...32 ~= count && count % 4 == 0
    }

    // The entropy, and one byte whose first bits are the checksum: one bit for every 32 of the entropy.
    private static func withChecksum(_ entropy: borrowing SecretBytes) -> SecretBytes {
        let count = entropy.count
        let hash = entropy.withBytes { SHA2.sha256($0) }
        return unsafe SecretBytes(
            count: count + 1,
            unsafeFill: { out in
                entropy.withBytes { unsafe out.copyBytes(from: $0) }
                unsafe out[count] = hash[0] & ~(0xff >> UInt8(count / 4))
            })
    }

    private static func index(at position: Int, in bits: borrowing SecretBytes) -> Int {
        (position * 11..<position * 11 + 11).reduce(0) { index, bit in
            index << 1 | Int(bits.byte(at: bit >> 3) >> UInt8(7 - bit & 7) & 1)
        }
    }
}

/// Why a sentence or its seed was refused; no case carries a word.
public enum BIP39Error: Error, Equatable, Sendable {
    /// The entropy does not have 16, 20, 24, 28 or 32 bytes.
    case wrongEntropyLength(actual: Int)
    /// The sentence does not have 12, 15, 18, 21 or 24 words.
    case wrongWordCount
    /// The word at this position, counted from zero, is not in the list, or there are two spaces.
    case unknownWord(at: Int)
    /// All words are known and do not belong together: one is wrong, or two changed places.
    case wrongChecksum
    /// The passphrase has a character outside ASCII.
    case passphraseNotASCII
}

/// The word list, each word packed into an integer with its first letter highest, so that order is the alphabet's.
private enum WordList {
    private static let packed: [UInt64] = BIP39.englishWords.utf8
        .split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") })
        .map { word in word.reduce(0) { $0 << 8 | UInt64($1) } << UInt64(64 - 8 * word.count) }

    static func index(of word: UInt64) -> Int? {
        // The list is in alphabetical order, which the tests check.
        var range = 0..<packed.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if packed[middle] == word { return middle }
            range = packed[middle] < word ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    static func length(of index: Int) -> Int {
        8 - packed[index].trailingZeroBitCount / 8
    }

    static func append(_ index: Int, to out: inout OutputRawSpan) {
        for letter in 0..<length(of: index) {
            out.append(UInt8(truncatingIfNeeded: packed[index] >> UInt64(56 - 8 * letter)))
        }
    }
}
