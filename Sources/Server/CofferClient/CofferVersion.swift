/// What this build is called.
package enum CofferVersion {
    /// The version of the product, [semantic](https://semver.org).
    package static let number = "0.3.0"

    /// The major and minor version of the compiler that built it.
    package static var swift: String {
        #if swift(>=6.4)
            "6.4 or later"
        #elseif swift(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    /// The kind of machine it was built for.
    package static var platform: String {
        #if arch(x86_64)
            "linux x86_64"
        #elseif arch(arm64)
            "linux arm64"
        #else
            "linux"
        #endif
    }
}
