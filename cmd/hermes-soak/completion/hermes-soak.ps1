# PowerShell completion for hermes-soak; in $PROFILE:
#   hermes-soak completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName 'hermes-soak', 'hermes-soak.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text.Trim('"', "'") })
    $rest = @($words | Select-Object -Skip 1)
    # An empty word cannot be given to a program by Windows PowerShell 5; ":" stands for it.
    $current = if ($wordToComplete) { "$wordToComplete" } else { ':' }
    $offered = @(& $words[0] __complete @rest $current 2>$null)
    if ($offered.Count -eq 1 -and $offered[0] -eq ':files') {
        return # PowerShell completes names of files where nothing is offered
    }
    if ($offered.Count -eq 0) { '' }
    $offered | ForEach-Object {
        $word, $about = $_ -split "`t", 2
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
    }
}
