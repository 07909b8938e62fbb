// A placeholder until the first file is here.
