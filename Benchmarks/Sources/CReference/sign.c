#include "reference.h"
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>
#include <time.h>

int64_t reference_thread_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t reference_wall_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static secp256k1_context *context(void) {
    static secp256k1_context *shared;
    if (!shared) shared = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    return shared;
}

int64_t reference_sign(int count, int recoverable) {
    secp256k1_context *secp = context();
    unsigned char secret[32], digest[32], output[64];
    memset(secret, 7, sizeof secret);
    memset(digest, 1, sizeof digest);
    int64_t start = reference_thread_time();
    for (int i = 0; i < count; i++) {
        if (recoverable) {
            secp256k1_ecdsa_recoverable_signature signature;
            int id;
            if (!secp256k1_ecdsa_sign_recoverable(secp, &signature, digest, secret, NULL, NULL)) return -1;
            secp256k1_ecdsa_recoverable_signature_serialize_compact(secp, output, &id, &signature);
        } else {
            secp256k1_ecdsa_signature signature;
            if (!secp256k1_ecdsa_sign(secp, &signature, digest, secret, NULL, NULL)) return -1;
            secp256k1_ecdsa_signature_serialize_compact(secp, output, &signature);
        }
        // Each digest follows from the signature before, so that nothing can be left out.
        memcpy(digest, output, sizeof digest);
    }
    return reference_thread_time() - start;
}

int64_t reference_verify(int count) {
    secp256k1_context *secp = context();
    unsigned char secret[32], digest[32];
    memset(secret, 7, sizeof secret);
    memset(digest, 1, sizeof digest);
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature signature;
    if (!secp256k1_ec_pubkey_create(secp, &key, secret)) return -1;
    if (!secp256k1_ecdsa_sign(secp, &signature, digest, secret, NULL, NULL)) return -1;
    int64_t start = reference_thread_time();
    for (int i = 0; i < count; i++) {
        if (!secp256k1_ecdsa_verify(secp, &signature, digest, &key)) return -1;
    }
    return reference_thread_time() - start;
}
