package within

// Waiting returns how many wait for a call.
func (w *Workers) Waiting() int { return int(w.waiting.Load()) }
